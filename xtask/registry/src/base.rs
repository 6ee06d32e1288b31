//! Pulls base images, once per digest.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use layer::{Architecture, Layout};
use layer_registry::{Keychain, Remote};

use crate::progress::Progress;

/// Parses `reference` and adds the user's stored credentials for its registry.
pub fn authenticated_remote(reference: &str) -> Result<Remote> {
    let mut remote = Remote::parse(reference)?;
    let keychain = Keychain::from_environment(&|variable| std::env::var_os(variable));
    remote.credentials = keychain.find(remote.registry(), remote.reference.repository())?;
    Ok(remote)
}

/// Resolves `name` and pulls its image for `architecture`, unless it is below `parent` already; returns its layout
/// folder.
///
/// # Errors
/// `name` is not a reference, or the registry cannot be reached or does not have the image. A reference by digest
/// needs no registry once its image is below `parent`.
pub fn pull_base(name: &str, architecture: Architecture, parent: &Path) -> Result<PathBuf> {
    let remote = authenticated_remote(name).with_context(|| {
        format!("the base `{name}` is neither a layout folder nor a reference to an image")
    })?;
    let digest = match remote.digest() {
        Some(digest) => digest,
        None => layer_registry::resolve(&remote)
            .with_context(|| format!("failed to look up the base {name}"))?,
    };
    let folder = parent
        .join(format!("sha256-{}", digest.hex()))
        .join(architecture.name());
    if Layout::open(&folder, architecture).is_ok() {
        return Ok(folder);
    }
    let progress = Progress::start("pulling", name);
    layer_registry::pull(
        &remote.with_digest(digest),
        &folder,
        Some(architecture),
        &|event| progress.update(event),
    )
    .with_context(|| format!("failed to pull the base {name}"))?;
    Ok(folder)
}
