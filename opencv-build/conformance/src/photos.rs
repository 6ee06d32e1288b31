//! The photos that detectors are compared on.

use std::path::{Path, PathBuf};

use anyhow::Result;
use support::files::files_with_extension;
use support::progress::print_status;

use crate::Fixture;

/// The SDK's samples.
pub fn samples(fixture: &Fixture) -> Result<Vec<PathBuf>> {
    files_with_extension(&fixture.share_dir().join("samples"), "jpg")
}

/// The SDK's samples and the photos of a folder, if it exists.
pub fn with_samples(folder: &Path, fixture: &Fixture) -> Result<Vec<PathBuf>> {
    let mut photos = samples(fixture)?;
    if folder.is_dir() {
        photos.extend(files_with_extension(folder, "jpg")?);
    } else {
        print_status("skipped: the labelled photos, which are not beside the project; using OpenCV's samples only");
    }
    Ok(photos)
}
