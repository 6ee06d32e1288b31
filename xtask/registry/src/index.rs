//! Pushes the images of several architectures with an index.

use std::path::PathBuf;

use anyhow::{Context, Result};
use layer::Digest;

use crate::connection::{ConnectionOptions, authenticated_image};
use crate::progress::Progress;

/// Pushes the images of the `layouts` and an index of them; returns the digests of the index and of the images.
pub fn push_index(reference: &str, layouts: &[PathBuf], options: &ConnectionOptions) -> Result<(Digest, Vec<Digest>)> {
    let image = authenticated_image(reference, options)?;
    let progress = Progress::start("pushing", reference);
    let pushed = layer_registry::push_index(&image, layouts, &|event| progress.update(event));
    pushed.with_context(|| format!("failed to push to {reference}"))
}
