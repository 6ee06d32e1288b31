//! Images of registries in tests: named, pushed and compared.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use layer::{Digest, LayoutFolder, source};
use layer_registry::{Remote, RetryPolicy, push_layout};
use support::files::{file_name, sorted_entries};

/// The image, with little patience and without the credentials that this machine's user has.
pub(super) fn remote(reference: &str) -> Result<Remote> {
    let mut remote = Remote::parse(reference)?;
    remote.retry_policy = RetryPolicy {
        max_attempts: 4,
        initial_backoff: Duration::from_millis(20),
        ..RetryPolicy::default()
    };
    Ok(remote)
}

pub(super) fn push(remote: &Remote, layout: &Path) -> Result<Digest> {
    Ok(push_layout(remote, layout, &|_| ())?)
}

/// The digest that a layout's index names.
pub(super) fn digest_of(layout: &Path) -> Result<Digest> {
    let index = source::index(&LayoutFolder::open(layout)?)?;
    let entry = index.manifests().first();
    Ok(entry.context("the layout names no manifest")?.try_into()?)
}

/// The files of a layout that are named by their digests.
pub(super) fn blobs(layout: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let folder = layout.join("blobs/sha256");
    let files = sorted_entries(&folder)?.into_iter();
    files
        .map(|path| Ok((file_name(&path), fs::read(path)?)))
        .collect()
}

pub(super) fn ensure_same_blobs(one: &Path, other: &Path) -> Result<()> {
    let (one, other) = (blobs(one)?, blobs(other)?);
    let names = |blobs: &BTreeMap<String, Vec<u8>>| Vec::from_iter(blobs.keys().cloned()).join(" ");
    ensure!(
        names(&one) == names(&other),
        "{} became {}",
        names(&one),
        names(&other)
    );
    ensure!(one == other, "a blob came back with other bytes");
    Ok(())
}
