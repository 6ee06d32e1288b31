//! Pulls base images, once per digest.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use layer::{Architecture, Layout};
use layer_registry::RegistryImage;

use crate::connection::{ConnectionOptions, authenticated_image};
use crate::progress::Progress;

/// Resolves `name` and pulls its image for `architecture`, unless it is below `parent` already; returns its layout
/// folder.
///
/// # Errors
/// `name` is not a reference, or the registry cannot be reached or does not have the image. A reference by digest
/// needs no registry once its image is below `parent`.
pub fn pull_base(
    name: &str,
    architecture: Architecture,
    parent: &Path,
    options: &ConnectionOptions,
) -> Result<PathBuf> {
    RegistryImage::parse(name)
        .with_context(|| format!("the base `{name}` is neither a layout folder nor a reference to an image"))?;
    let image = authenticated_image(name, options)?;
    let digest = match image.digest() {
        Some(digest) => digest,
        None => layer_registry::resolve(&image).with_context(|| format!("failed to look up the base {name}"))?,
    };
    let folder = parent
        .join(format!("sha256-{}", digest.hex()))
        .join(architecture.name());
    if Layout::open(&folder, architecture).is_ok() {
        return Ok(folder);
    }
    let progress = Progress::start("pulling", name);
    layer_registry::pull(&image.with_digest(digest), &folder, Some(architecture), &|event| {
        progress.update(event);
    })
    .with_context(|| format!("failed to pull the base {name}"))?;
    Ok(folder)
}
