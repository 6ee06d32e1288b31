//! An image of a registry that others are built upon: a reference goes in, the folder of its layout
//! leaves. Fetched once, by its digest.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use layer::{Architecture, Layout};
use layer_registry::{Keychain, Remote};

use crate::progress::Progress;

/// The image that `reference` names, with the credentials that are stored for its registry.
pub fn authenticated_remote(reference: &str) -> Result<Remote> {
    let mut remote = Remote::parse(reference)?;
    let keychain = Keychain::from_environment(&|variable| std::env::var_os(variable));
    remote.credentials = keychain.find(remote.registry(), remote.reference.repository())?;
    Ok(remote)
}

/// The folder below `parent` with the image that `name` stands for now, for `architecture`.
///
/// # Errors
/// `name` is not a reference, or the registry does not answer or does not have it. A reference by digest
/// needs no registry once its image is here.
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
