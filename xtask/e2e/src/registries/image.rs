//! Helpers for images in registries.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use layer::{Digest, LayoutFolder, source};
use layer_registry::{RegistryImage, RetryPolicy, push_layout};
use support::files::{file_name, sorted_entries};

/// The image, with short retries and without the user's credentials.
pub fn registry_image(reference: &str) -> Result<RegistryImage> {
    let mut image = RegistryImage::parse(reference)?;
    image.retry_policy = RetryPolicy {
        max_attempts: 4,
        initial_backoff: Duration::from_millis(20),
        ..RetryPolicy::default()
    };
    Ok(image)
}

pub fn push(image: &RegistryImage, layout: &Path) -> Result<Digest> {
    Ok(push_layout(image, layout, &|_| ())?)
}

/// The digest of the first manifest in a layout's index.
pub(super) fn digest_of(layout: &Path) -> Result<Digest> {
    let index = source::index(&LayoutFolder::open(layout)?)?;
    let entry = index.manifests().first();
    Ok(entry.context("the layout has no manifest")?.try_into()?)
}

/// The blobs of a layout by their digests in hexadecimal.
pub(super) fn blobs(layout: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let folder = layout.join("blobs/sha256");
    let files = sorted_entries(&folder)?.into_iter();
    files.map(|path| Ok((file_name(&path), fs::read(path)?))).collect()
}

pub(super) fn ensure_same_blobs(one: &Path, other: &Path) -> Result<()> {
    let (one, other) = (blobs(one)?, blobs(other)?);
    let names = |blobs: &BTreeMap<String, Vec<u8>>| {
        let names: Vec<_> = blobs.keys().map(String::as_str).collect();
        names.join(" ")
    };
    ensure!(
        names(&one) == names(&other),
        "expected the blobs {}, found {}",
        names(&one),
        names(&other)
    );
    ensure!(one == other, "a blob has other bytes");
    Ok(())
}
