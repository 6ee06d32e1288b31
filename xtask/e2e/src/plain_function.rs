//! A copy of `data/plain-function`, a function of another workspace without a harness.

use std::path::PathBuf;

use anyhow::{Context, Result};
use fs_err as fs;
use package::workspace::Workspace;
use support::files::{all_files, write_if_changed};
use support::lock::Lock;
use support::progress::print_status;

/// Copies the function to a folder in the target folder that is kept, so that a second run compiles little. Only one
/// process uses the folder while the lock exists.
pub fn copy_to(workspace: &Workspace, name: &str) -> Result<(PathBuf, Lock)> {
    let folder = std::path::absolute(workspace.target_dir().join(name))?;
    let lock = Lock::acquire(&folder.join("lock"), print_status)?;
    let source = workspace.root().join("xtask/e2e/data/plain-function");
    for file in all_files(&source)? {
        let to = folder.join(file.strip_prefix(&source)?);
        fs::create_dir_all(to.parent().context("a file has no folder")?)?;
        write_if_changed(&to, &fs::read(&file)?)?;
    }
    Ok((folder, lock))
}
