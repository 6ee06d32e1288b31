//! Gives something finished its name, in place of what had the name before.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::{Error, Result};

/// A file in `folder` that has no name yet. Everybody will be able to read it, whatever the user's
/// mask is: what it holds is meant for others.
pub(crate) fn new_file(folder: &Path) -> Result<NamedTempFile> {
    let file = NamedTempFile::new_in(folder).map_err(Error::io("create a file in", folder))?;
    file.as_file()
        .set_permissions(fs::Permissions::from_mode(0o644))
        .map_err(Error::io("change the mode of", file.path()))?;
    Ok(file)
}

/// Renames the folder `from` to `to`; what was there is moved into `trash` first.
pub(crate) fn folder(from: &Path, to: &Path, trash: &Path) -> Result<()> {
    if to.exists() {
        fs::rename(to, trash.join("old")).map_err(Error::io("replace", to))?;
    }
    fs::rename(from, to).map_err(Error::io("create", to))
}
