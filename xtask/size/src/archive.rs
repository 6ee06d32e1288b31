//! What is in an archive of object files, such as a static library.

use std::path::Path;

use anyhow::{Context, Result};
use object::read::archive::ArchiveFile;

/// The members' names and contents. `path` is for errors.
pub fn members<'a>(path: &Path, data: &'a [u8]) -> Result<Vec<(String, &'a [u8])>> {
    let failed = || format!("failed to read `{}`", path.display());
    let mut found = Vec::new();
    for member in ArchiveFile::parse(data).with_context(failed)?.members() {
        let member = member.with_context(failed)?;
        let name = String::from_utf8_lossy(member.name()).into_owned();
        found.push((name, member.data(data).with_context(failed)?));
    }
    Ok(found)
}
