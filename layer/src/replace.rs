//! Gives something finished its name, in place of what had the name before.

use std::fs;
use std::path::Path;

use crate::{Error, Result};

/// Renames the folder `from` to `to`; what was there is moved into `trash` first.
pub(crate) fn folder(from: &Path, to: &Path, trash: &Path) -> Result<()> {
    if to.exists() {
        fs::rename(to, trash.join("old")).map_err(Error::io("replace", to))?;
    }
    fs::rename(from, to).map_err(Error::io("create", to))
}
