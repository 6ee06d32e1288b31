//! Takes files out of the system's memory, so that who reads them next has to wait for the disk. Nobody
//! else's files are touched, and no rights are needed.

use std::path::Path;

use anyhow::{Context, Result};
use fs_err::{self as fs, File};
use rustix::fs::{Advice, fadvise, syncfs};
use support::files::sorted_entries;

/// Has everything written to the disk that a folder lies on: what is not would stay in memory.
pub fn sync(folder: &Path) -> Result<()> {
    let sync = || -> std::io::Result<()> { Ok(syncfs(&File::open(folder)?)?) };
    sync().with_context(|| format!("failed to write all of `{}` to the disk", folder.display()))
}

/// Takes a file, or all files below a folder, out of memory: those parts that nobody has mapped.
pub fn evict(path: &Path) -> Result<()> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_dir() {
        for entry in sorted_entries(path)? {
            evict(&entry)?;
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
    fn folders_are_evicted_and_missing_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/b"), "text").unwrap();
        sync(folder.path()).unwrap();
        evict(folder.path()).unwrap();
        let error = format!("{:#}", evict(&folder.path().join("c")).unwrap_err());
        assert!(error.contains("c`"), "{error}");
    }
}
