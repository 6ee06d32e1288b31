//! Seeds that are files somewhere.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// A name and a file.
pub(super) type Named = (String, Vec<u8>);

/// The files in a folder, if it is there, without those in folders below it.
pub(super) fn read_all(folder: &Path) -> Result<Vec<Named>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry?.path();
        if path.is_file() {
            files.push((name_of(&path), read(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

pub(super) fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("failed to read `{}`", path.display()))
}
