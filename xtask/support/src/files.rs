//! Copies, replaces and removes files and folders.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use tempfile::TempDir;

/// The prefix of folders with unfinished work; [`remove_partial_output`] removes them after an interrupted run.
pub const PARTIAL_PREFIX: &str = ".partial-";

/// A new folder in `parent`, which is created if missing. It is removed when the value is dropped.
pub fn temporary_dir_in(parent: &Path, prefix: &str) -> Result<TempDir> {
    fs::create_dir_all(parent)?;
    let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(parent);
    folder.with_context(|| format!("failed to create a folder in `{}`", parent.display()))
}

pub fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}

pub fn files_with_extension(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut files = sorted_entries(folder)?;
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    Ok(files)
}

pub fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The files in a folder and its subfolders; each folder's entries are sorted.
pub fn all_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in sorted_entries(folder)? {
        if path.is_dir() {
            files.extend(all_files(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

/// Removes the `*.tmp` files that compilers write in `folder` before they rename them: after a failure on a full disk
/// they remain, and keep it full.
pub fn remove_compiler_temporaries(folder: &Path) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for path in all_files(folder)? {
        if path.extension().is_some_and(|extension| extension == "tmp") {
            remove_if_exists(&path)?;
        }
    }
    Ok(())
}

pub fn remove_if_exists(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Whether this process may change a file, or the entries of a folder.
pub fn is_writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

/// Writes a file unless it has this content already, so that its modification time is kept.
pub fn write_if_changed(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|present| present == content) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, content)?)
}

/// Renames `folder` to `path`. What was at `path` is moved into `partial`, to be deleted with it.
pub fn replace_dir(path: &Path, folder: &Path, partial: &Path) -> Result<()> {
    if path.exists() {
        fs::rename(path, partial.join("old"))?;
    }
    Ok(fs::rename(folder, path)?)
}

pub fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    for path in sorted_entries(from)? {
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_tree(&path, &target)?;
        } else {
            copy(&path, &target)?;
        }
    }
    Ok(())
}

/// Copies a file; creates the folders above `to`.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to)?;
    Ok(())
}

/// Removes the folders and files named with [`PARTIAL_PREFIX`] that an interrupted run left in `folder`.
pub fn remove_partial_output(folder: &Path) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in sorted_entries(folder)? {
        if !file_name(&entry).starts_with(PARTIAL_PREFIX) {
            continue;
        }
        if entry.is_dir() {
            fs::remove_dir_all(&entry)?;
        } else {
            fs::remove_file(&entry)?;
        }
    }
    Ok(())
}

pub fn file_size(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path)?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replace_dir_replaces_the_previous_folder() {
        let parent = tempfile::tempdir().unwrap();
        let at = |name: &str| parent.path().join(name);
        for (folder, marker) in [("sdk", "sdk/old"), ("new", "new/new")] {
            fs::create_dir(at(folder)).unwrap();
            fs::write(at(marker), "").unwrap();
        }
        replace_dir(&at("sdk"), &at("new"), parent.path()).unwrap();
        assert!(at("sdk/new").exists() && !at("sdk/old").exists());
    }

    #[test]
    fn files_are_found_by_extension_and_have_names() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["b.jpg", "a.jpg", "c.png", "jpg"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        let found = files_with_extension(folder.path(), "jpg").unwrap();
        let names: Vec<_> = found.iter().map(|path| file_name(path)).collect();
        assert_eq!(names, ["a.jpg", "b.jpg"]);
        assert_eq!(file_name(Path::new("/")), "");
    }

    #[test]
    fn compiler_temporaries_are_removed_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("below")).unwrap();
        for name in ["below/pch-1f.pch.tmp", "below/kept.o"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        remove_compiler_temporaries(folder.path()).unwrap();
        remove_compiler_temporaries(&folder.path().join("missing")).unwrap();
        let left = all_files(folder.path()).unwrap();
        assert_eq!(left, [folder.path().join("below/kept.o")]);
    }

    #[test]
    fn only_partial_folders_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        for folder in [".partial-x1", "kept"] {
            fs::create_dir(parent.path().join(folder)).unwrap();
        }
        remove_partial_output(parent.path()).unwrap();
        let left = sorted_entries(parent.path()).unwrap();
        assert_eq!(left, [parent.path().join("kept")]);
    }
}
