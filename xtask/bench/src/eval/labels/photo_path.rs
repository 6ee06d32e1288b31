//! The names of labelled photos.

use anyhow::{Result, ensure};

/// A photo's name is a path below the folder of the photos and of the written pictures, and the key of an S3 object.
///
/// # Errors
/// The path has an empty part, `.` or `..`.
pub fn ensure_relative(path: &str) -> Result<()> {
    let is_plain = path.split('/').all(|part| !["", ".", ".."].contains(&part));
    ensure!(is_plain, "it is not a relative path without `.` and `..`");
    Ok(())
}
