//! Pushes and pulls for the command line: with the user's credentials, and with progress on stderr.

mod base;
mod progress;
pub mod pull;

use std::path::Path;

use anyhow::{Context, Result};
use layer::Digest;

pub use base::{authenticated_image, pull_base};
pub use progress::Progress;

/// Pushes the image or index of the layout in `folder` to `reference`; returns the digest that the registry confirmed.
pub fn push(folder: &Path, reference: &str) -> Result<Digest> {
    let image = authenticated_image(reference)?;
    let progress = Progress::start("pushing", reference);
    let pushed = layer_registry::push_layout(&image, folder, &|event| progress.update(event));
    pushed.with_context(|| format!("failed to push `{}` to {reference}", folder.display()))
}
