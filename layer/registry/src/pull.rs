//! Pulls an image into an OCI layout folder. Every blob is verified by its digest; blobs that are in the folder already
//! are not downloaded again.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use fs_err as fs;
use layer::{Architecture, Digest, Index, atomic_write, find_platform, write_layout_files};
use reqwest::header::ACCEPT;
use serde_json::Value;

use super::blob;
use super::manifest::{self, BlobDescriptor, MAX_MANIFEST_SIZE, Manifest, ManifestKind, accept_header, header_digest};
use super::session::{Presence, with_session};
use super::{Error, ProgressCallback, ProgressMeter, RegistryImage, Result, Session};

/// The most manifests of an index, including nested indexes.
const MAX_MANIFESTS: usize = 1000;

#[derive(Clone, Debug)]
pub struct PulledImage {
    /// The digest that the reference resolves to.
    pub resolved_digest: Digest,
    /// The digest of the manifest in the folder's index: `resolved_digest`, or that of the image that was selected by
    /// its architecture.
    pub digest: Digest,
    pub media_type: String,
    /// The total size of all blobs.
    pub bytes: u64,
    /// The total size of the blobs that were not in the folder before.
    pub fetched_bytes: u64,
}

/// The digest that a reference resolves to now.
pub fn resolve(image: &RegistryImage) -> Result<Digest> {
    with_session(image, "pull", &|_| (), async |session| {
        resolve_digest(&session, image.tag_or_digest()).await
    })
}

/// The digest of a tag, or of a digest that is there.
pub(crate) async fn resolve_digest(session: &Session<'_>, version: &str) -> Result<Digest> {
    let what = format!("manifest {version}");
    let head = session.with_retries(async || {
        let request = session.head(&what, |http| {
            let request = http.head(session.url(&format!("manifests/{version}")));
            request.header(ACCEPT, accept_header())
        });
        request.await
    });
    let found = match head.await? {
        Presence::Present(headers) => header_digest(&headers),
        Presence::Absent | Presence::Unknown => None,
    };
    match (found, version.parse().ok()) {
        (Some(found), Some(wanted)) if found != wanted => Err(session.image.digest_mismatch(&what, wanted, found)),
        (Some(found), _) => Ok(found),
        // The specification only recommends the header. The response to GET says why there is no manifest.
        (None, _) => Ok(manifest::fetch(session, version).await?.digest),
    }
}

/// Pulls an image, or all images of an index, into `folder`, which is created if it does not exist and may contain
/// blobs of other images. With `architecture`, only the image for it is pulled from an index, and an image for another
/// architecture is refused.
///
/// The folder's `index.json` is written last and names only the pulled image or index.
pub fn pull(
    image: &RegistryImage,
    folder: &Path,
    architecture: Option<Architecture>,
    progress: &dyn Fn(&super::ProgressEvent<'_>),
) -> Result<PulledImage> {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    with_session(image, "pull", progress, async |session| {
        let top = manifest::fetch(&session, image.tag_or_digest()).await?;
        let resolved_digest = top.digest;
        let chosen = match (&top.kind, architecture) {
            (ManifestKind::Index(entries), Some(wanted)) => {
                let entry = select_platform(image, entries, wanted)?;
                fetch_child(&session, entry).await?
            }
            _ => top,
        };
        if let Some(found) = chosen.artefact_type() {
            let reference = image.reference.whole();
            return Err(Error::Other(format!(
                "`{reference}` is not an image: its configuration has the type {found:?}"
            )));
        }
        let (bytes, fetched_bytes) = fetch_all(&session, &chosen, &blobs, architecture, progress).await?;
        write_index(folder, image, &chosen)?;
        Ok(PulledImage {
            resolved_digest,
            digest: chosen.digest,
            media_type: chosen.media_type,
            bytes,
            fetched_bytes,
        })
    })
}

fn select_platform<'a>(
    image: &RegistryImage,
    entries: &'a [BlobDescriptor],
    wanted: Architecture,
) -> Result<&'a BlobDescriptor> {
    let position = find_platform(entries.iter().map(|entry| &entry.descriptor), wanted);
    let position = position.map_err(|found| missing_architecture(image, wanted, &found))?;
    Ok(&entries[position])
}

fn missing_architecture(image: &RegistryImage, wanted: Architecture, found: &str) -> Error {
    let printable = found.chars().filter(|letter| !letter.is_control());
    let found: String = printable.take(500).collect();
    let found = match found.is_empty() {
        true => "because its index is empty".to_owned(),
        false => format!("only for {found}"),
    };
    let (reference, wanted) = (image.reference.whole(), wanted.goarch());
    Error::Other(format!("`{reference}` is not available for {wanted}, {found}"))
}

async fn fetch_child(session: &Session<'_>, entry: &BlobDescriptor) -> Result<Manifest> {
    if entry.size() > MAX_MANIFEST_SIZE {
        let what = format!("manifest {}", entry.digest);
        let reason = format!("its descriptor states {} bytes, over {MAX_MANIFEST_SIZE}", entry.size());
        return Err(session.invalid_response(&what, reason));
    }
    let found = manifest::fetch(session, &entry.digest.to_string()).await?;
    if found.bytes.len() as u64 != entry.size() {
        return Err(Error::SizeMismatch {
            registry: session.image.registry().to_owned(),
            what: format!("manifest {}", entry.digest),
            expected: entry.size(),
            found: found.bytes.len().to_string(),
        });
    }
    Ok(found)
}

/// Fetches a manifest's blobs and nested manifests; returns the bytes of all blobs and of the downloaded ones.
pub(crate) async fn fetch_all(
    session: &Session<'_>,
    top: &Manifest,
    blobs: &Path,
    architecture: Option<Architecture>,
    progress: &ProgressCallback<'_>,
) -> Result<(u64, u64)> {
    let mut entries = Vec::new();
    let mut documents = vec![(top.digest, top.bytes.clone())];
    let mut waiting = Vec::new();
    collect_entries(&top.kind, &mut entries, &mut waiting);
    let mut seen = BTreeSet::from([top.digest]);
    while let Some(entry) = waiting.pop() {
        if !seen.insert(entry.digest) {
            continue;
        }
        if seen.len() > MAX_MANIFESTS {
            let what = format!("index {}", top.digest);
            let reason = format!("it lists more than {MAX_MANIFESTS} images");
            return Err(session.invalid_response(&what, reason));
        }
        let found = fetch_child(session, &entry).await?;
        collect_entries(&found.kind, &mut entries, &mut waiting);
        documents.push((found.digest, found.bytes));
    }
    // Images of one index share layers, and one image may have the same layer twice.
    let mut seen = BTreeSet::new();
    entries.retain(|entry| seen.insert((entry.digest, entry.size())));
    let sizes = entries.iter().map(BlobDescriptor::size);
    let total = sizes.fold(0_u64, u64::saturating_add);
    let meter = ProgressMeter::new(progress, total);
    let mut fetched = 0;
    for (position, entry) in entries.iter().enumerate() {
        if blob::fetch(session, entry, blobs, &meter).await? {
            fetched += entry.size();
        }
        if let (0, Some(wanted), ManifestKind::Image(_)) = (position, architecture, &top.kind) {
            check_architecture(session.image, entry, blobs, wanted)?;
        }
    }
    // Nested manifests first, so that each manifest in the folder is complete.
    for (digest, bytes) in documents.iter().rev() {
        atomic_write(&blobs.join(digest.hex()), bytes)?;
    }
    Ok((total, fetched))
}

fn collect_entries(kind: &ManifestKind, entries: &mut Vec<BlobDescriptor>, waiting: &mut Vec<BlobDescriptor>) {
    match kind {
        ManifestKind::Image(blobs) => entries.extend(blobs.iter().cloned()),
        ManifestKind::Index(manifests) => waiting.extend(manifests.iter().cloned()),
    }
}

/// Refuses an image whose configuration names another architecture.
fn check_architecture(
    image: &RegistryImage,
    config: &BlobDescriptor,
    blobs: &Path,
    wanted: Architecture,
) -> Result<()> {
    let found = if config.size() > MAX_MANIFEST_SIZE {
        "an unknown architecture, because its configuration is too large".to_owned()
    } else {
        let bytes = fs::read(blobs.join(config.digest.hex()))?;
        let config: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let named = config["architecture"].as_str();
        named.unwrap_or("an unknown architecture").to_owned()
    };
    match found == wanted.goarch() {
        true => Ok(()),
        false => Err(missing_architecture(image, wanted, &found)),
    }
}

/// Writes the index, with the tag of the reference as the image's name.
pub(crate) fn write_index(folder: &Path, image: &RegistryImage, manifest: &Manifest) -> Result<()> {
    let media_type = manifest.media_type.as_str().into();
    let size = manifest.bytes.len() as u64;
    let mut entry = layer::descriptor(media_type, &manifest.digest, size)?;
    if let Some(tag) = image.reference.tag() {
        let name = "org.opencontainers.image.ref.name".to_owned();
        entry.set_annotations(Some(HashMap::from([(name, tag.to_owned())])));
    }
    Ok(write_layout_files(folder, &Index::new(vec![entry])?)?)
}
