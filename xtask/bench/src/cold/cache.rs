//! Takes files out of the system's memory, so that who reads them next has to wait for the disk. Nobody
//! else's files are touched, and no rights are needed.

use std::path::Path;

use anyhow::{Context, Result};
use fs_err::{self as fs, File};
use rustix::fs::{Advice, fadvise, syncfs};
use support::files::sorted_entries;

/// Has everything written to the disk that a folder lies on: what is not would stay in memory.
pub fn settle(folder: &Path) -> Result<()> {
    let settle = || -> std::io::Result<()> { Ok(syncfs(&File::open(folder)?)?) };
    settle().with_context(|| format!("failed to write all of `{}` to the disk", folder.display()))
}

/// Takes a file, or all files below a folder, out of memory: those parts that nobody has mapped.
pub fn forget(path: &Path) -> Result<()> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_dir() {
        for entry in sorted_entries(path)? {
            forget(&entry)?;
        }
    } else if kind.is_file() || kind.is_symlink() && path.is_file() {
        fadvise(&File::open(path)?, 0, None, Advice::DontNeed)
            .with_context(|| format!("failed to take `{}` out of memory", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_and_what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/b"), "text").unwrap();
        settle(folder.path()).unwrap();
        forget(folder.path()).unwrap();
        let error = format!("{:#}", forget(&folder.path().join("c")).unwrap_err());
        assert!(error.contains("c`"), "{error}");
    }
}
