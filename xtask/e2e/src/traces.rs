//! What a build must not leave in its results: where and on what it ran. With any of it the same
//! source would give other bytes on another machine.

use std::path::Path;

use anyhow::{Result, ensure};
use fs_err as fs;

use package::workspace::Workspace;

/// Refuses a file that holds a path or the kernel of this machine.
pub fn check(file: &Path, workspace: &Workspace) -> Result<()> {
    let bytes = fs::read(file)?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let root = fs::canonicalize(workspace.root())?;
    let traces = [
        root.display().to_string(),
        "/.cargo/registry".to_owned(),
        kernel.trim().to_owned(),
    ];
    for trace in traces.iter().filter(|trace| !trace.is_empty()) {
        let found = bytes
            .windows(trace.len())
            .any(|window| window == trace.as_bytes());
        ensure!(
            !found,
            "`{}` contains `{trace}` of this machine",
            file.display()
        );
    }
    Ok(())
}
