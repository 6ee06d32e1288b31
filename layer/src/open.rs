//! Finds out what a path is: a layout folder or an image archive.

use std::path::Path;

use crate::Result;
use crate::archive::ArchiveFile;
use crate::layout::LayoutFolder;
use crate::source::Source;

/// Opens the layout folder or the archive at `path`.
///
/// # Errors
/// There is nothing, or something else.
pub fn open(path: &Path) -> Result<Box<dyn Source>> {
    if path.is_dir() {
        Ok(Box::new(LayoutFolder::open(path)?))
    } else {
        Ok(Box::new(ArchiveFile::open(path)?))
    }
}
