//! Evicts single files from the page cache, so that the next reader has to read them from the disk. Needs no
//! privileges, unlike dropping the whole cache.

use std::path::Path;

use anyhow::{Context, Result};
use fs_err::{self as fs, File};
use rustix::fs::{Advice, fadvise, syncfs};
use support::files::sorted_entries;

/// Writes the file system of a folder to the disk: dirty pages are not evicted.
pub fn sync(folder: &Path) -> Result<()> {
    let sync = || -> std::io::Result<()> { Ok(syncfs(&File::open(folder)?)?) };
    sync().with_context(|| format!("failed to sync the disk of `{}`", folder.display()))
}

/// Evicts a file, or all files in a folder and its subfolders; pages that a process has mapped stay.
pub fn evict(path: &Path) -> Result<()> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_dir() {
        for entry in sorted_entries(path)? {
            evict(&entry)?;
        }
    } else if kind.is_file() || kind.is_symlink() && path.is_file() {
        fadvise(&File::open(path)?, 0, None, Advice::DontNeed)
            .with_context(|| format!("failed to evict `{}` from memory", path.display()))?;
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
