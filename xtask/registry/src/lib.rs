//! Registries as the command line uses them: a reference goes in, and the registry with this user's
//! credentials for it comes out; images are pulled, pushed, and kept as bases, with progress on stderr.

mod base;
mod progress;
pub mod pull;

use std::path::Path;

use anyhow::{Context, Result};
use layer::Digest;

pub use base::{authenticated_remote, pull_base};
pub use progress::Progress;

/// Pushes what the layout in `folder` holds to `reference`, with this user's credentials; returns the
/// digest that the registry confirmed.
pub fn push(folder: &Path, reference: &str) -> Result<Digest> {
    let remote = authenticated_remote(reference)?;
    let progress = Progress::start("pushing", reference);
    let pushed = layer_registry::push_layout(&remote, folder, &|event| progress.update(event));
    pushed.with_context(|| format!("failed to push `{}` to {reference}", folder.display()))
}
