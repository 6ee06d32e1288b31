//! Pulls an artefact: a manifest with a type of its own instead of an image's configuration. Source: "Guidelines for
//! Artifact Usage" in <https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md>.

use std::path::Path;

use fs_err as fs;
use serde_json::Value;

use super::manifest::{self, BlobDescriptor, Manifest, ManifestKind};
use super::pull::{fetch_all, write_index};
use super::session::with_session;
use super::{Error, ProgressEvent, PulledImage, RegistryImage, Result};

/// Pulls an artefact of the type `artefact_type` into a layout in `folder`, which is created if it does not exist.
/// `push_layout` pushes one.
///
/// # Errors
/// The manifest has another type, or blobs of more than `max_bytes` together, which are not downloaded then; or the pull
/// fails.
pub fn pull_artefact(
    image: &RegistryImage,
    artefact_type: &str,
    folder: &Path,
    max_bytes: u64,
    progress: &dyn Fn(&ProgressEvent<'_>),
) -> Result<PulledImage> {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    with_session(image, "pull", progress, async |session| {
        let manifest = manifest::fetch(&session, image.tag_or_digest()).await?;
        check_type(image, &manifest, artefact_type)?;
        let declared = declared_bytes(&manifest);
        if declared > max_bytes {
            let what = format!("manifest {}", manifest.digest);
            let reason = format!("its blobs have {declared} bytes, over {max_bytes}");
            return Err(session.invalid_response(&what, reason));
        }
        let (bytes, fetched_bytes) = fetch_all(&session, &manifest, &blobs, None, progress).await?;
        write_index(folder, image, &manifest)?;
        Ok(PulledImage {
            resolved_digest: manifest.digest,
            digest: manifest.digest,
            media_type: manifest.media_type,
            bytes,
            fetched_bytes,
        })
    })
}

fn check_type(image: &RegistryImage, manifest: &Manifest, wanted: &str) -> Result<()> {
    let document: Value = serde_json::from_slice(&manifest.bytes).unwrap_or_default();
    // Before version 1.1 of the specification, the type of an artefact was that of its configuration.
    let declared = document["artifactType"].as_str().map(str::to_owned);
    let found = declared.or_else(|| manifest.artefact_type());
    match (&manifest.kind, found) {
        (ManifestKind::Image(_), Some(found)) if found == wanted => Ok(()),
        (kind, found) => {
            let found = match (kind, found) {
                (_, Some(found)) => format!("an artefact of the type {found:?}"),
                (ManifestKind::Image(_), None) => "an image".to_owned(),
                (ManifestKind::Index(_), None) => "an index".to_owned(),
            };
            let reference = image.reference.whole();
            Err(Error::Other(format!(
                "`{reference}` is {found}, not of the type {wanted:?}"
            )))
        }
    }
}

/// The size of all blobs by their descriptors.
fn declared_bytes(manifest: &Manifest) -> u64 {
    let (ManifestKind::Image(entries) | ManifestKind::Index(entries)) = &manifest.kind;
    let sizes = entries.iter().map(BlobDescriptor::size);
    sizes.fold(0, u64::saturating_add)
}
