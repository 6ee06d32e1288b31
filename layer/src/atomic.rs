//! Atomic writes of files and folders: each gets its final name only when it is complete.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use fs_err as fs;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use tempfile::{NamedTempFile, TempDir};

use crate::{Error, Result};

/// A folder in `parent` for partial output, which is removed when it is dropped.
pub(crate) fn temporary_folder(parent: &Path) -> Result<TempDir> {
    let folder = partial_builder().tempdir_in(parent);
    folder.map_err(Error::io("create a folder in", parent))
}

fn partial_builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".partial-");
    builder
}

/// A file in `folder` for [`persist`]. It is world-readable regardless of the umask, because artefacts are meant for
/// others.
pub(crate) fn temporary_file(folder: &Path) -> Result<NamedTempFile> {
    let file = partial_builder()
        .tempfile_in(folder)
        .map_err(Error::io("create a file in", folder))?;
    file.as_file()
        .set_permissions(std::fs::Permissions::from_mode(0o644))
        .map_err(Error::io("change the mode of", file.path()))?;
    Ok(file)
}

/// Renames `file` to `path`, which must be in the folder in which it was created.
pub(crate) fn persist(file: NamedTempFile, path: &Path) -> Result<()> {
    let renamed = file.persist(path);
    renamed.map_err(|error| Error::io("write", path)(error.error))?;
    Ok(())
}

/// Writes a file completely or not at all. It is world-readable regardless of the umask.
///
/// # Errors
/// The parent folder does not exist or cannot be written.
pub fn atomic_write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = temporary_file(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(bytes).map_err(Error::io("write", path))?;
    persist(file, path)
}

/// Renames the folder `from` to `to`. An existing `to` is exchanged with it, so that others who read it always find one
/// of them, or is moved into `trash` first where the file system cannot exchange.
pub(crate) fn replace_folder(from: &Path, to: &Path, trash: &Path) -> Result<()> {
    if to.exists() {
        if renameat_with(CWD, from, CWD, to, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
        fs::rename(to, trash.join("old"))?;
    }
    Ok(fs::rename(from, to)?)
}
