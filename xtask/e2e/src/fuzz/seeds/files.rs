//! Reads seeds from files.

use std::path::Path;

use anyhow::Result;
use fs_err as fs;
use support::files::{file_name, sorted_entries};

/// A name and a file's content.
pub(super) type NamedFile = (String, Vec<u8>);

/// The files in a folder, not recursively; none if it does not exist.
pub(super) fn read_all(folder: &Path) -> Result<Vec<NamedFile>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let files = sorted_entries(folder)?.into_iter();
    let files = files.filter(|path| path.is_file());
    files.map(|path| Ok((file_name(&path), read(&path)?))).collect()
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    Ok(fs::read(path)?)
}
