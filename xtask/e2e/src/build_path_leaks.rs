//! Checks that build results contain no paths or kernel version of the build machine, which would make them differ
//! between machines.

use std::path::Path;

use anyhow::{Result, ensure};
use fs_err as fs;

use package::workspace::Workspace;

pub fn check(file: &Path, workspace: &Workspace) -> Result<()> {
    let bytes = fs::read(file)?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let root = fs::canonicalize(workspace.root())?;
    let leaks = [
        root.display().to_string(),
        "/.cargo/registry".to_owned(),
        kernel.trim().to_owned(),
    ];
    for leak in leaks.iter().filter(|leak| !leak.is_empty()) {
        let found = bytes.windows(leak.len()).any(|window| window == leak.as_bytes());
        ensure!(
            !found,
            "`{}` contains `{leak}`, which depends on this machine",
            file.display()
        );
    }
    Ok(())
}
