//! Pulls an image: a reference goes in, and a folder in the OCI image layout with all of it comes
//! out, every blob compared with its digest. What is there already is not fetched again.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use fs_err as fs;
use layer::{Architecture, Digest, Index, place_for, write_documents, write_file};
use reqwest::header::ACCEPT;
use serde_json::Value;

use super::blob;
use super::manifest::{self, Entry, Kind, LONGEST, Manifest, accepted, said_digest};
use super::session::within;
use super::{Error, Meter, Remote, Result, Session, Watch};

/// The most manifests of an index and what it lists.
const MOST_MANIFESTS: usize = 1000;

#[derive(Clone, Debug)]
pub struct Pulled {
    /// The digest that the reference stands for.
    pub resolved: Digest,
    /// The digest of the manifest that the folder's index names: the same, or that of the one image
    /// that was chosen by its architecture.
    pub digest: Digest,
    pub media_type: String,
    /// How many bytes all blobs have.
    pub bytes: u64,
    /// How many bytes of blobs were not in the folder before.
    pub fetched_bytes: u64,
}

/// The digest that a reference stands for at present.
pub fn resolve(remote: &Remote) -> Result<Digest> {
    within(remote, "pull", &|_| (), async |session| {
        resolved(&session).await
    })
}

pub(crate) async fn resolved(session: &Session<'_>) -> Result<Digest> {
    let version = session.remote.version();
    let address = session.remote.address(&format!("manifests/{version}"));
    let what = format!("manifest {version}");
    let headers = session
        .patiently(async || {
            let asked = session.send(&what, |http| http.head(&address).header(ACCEPT, accepted()));
            Ok(asked.await?.headers().clone())
        })
        .await?;
    match said_digest(&headers) {
        Some(said) => match session.remote.digest() {
            Some(wanted) if said != wanted => Err(session.remote.lied(&what, wanted, said)),
            _ => Ok(said),
        },
        // The header is only recommended.
        None => Ok(manifest::fetch(session, version).await?.digest),
    }
}

/// Pulls an image, or all images of an index, into `folder`, which is made if it is not there and
/// may hold other images' blobs. With `architecture`, only that one is pulled of an index, and an image
/// for another one is refused. `watch` is told what goes on.
///
/// The folder's `index.json` is written last and names what was pulled, and nothing else.
pub fn pull(
    remote: &Remote,
    folder: &Path,
    architecture: Option<Architecture>,
    watch: &dyn Fn(&super::Event<'_>),
) -> Result<Pulled> {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    within(remote, "pull", watch, async |session| {
        let top = manifest::fetch(&session, remote.version()).await?;
        let resolved = top.digest;
        let chosen = match (&top.kind, architecture) {
            (Kind::Index(entries), Some(wanted)) => {
                let entry = choose(remote, entries, wanted)?;
                child(&session, entry).await?
            }
            _ => top,
        };
        let (bytes, fetched_bytes) =
            everything(&session, &chosen, &blobs, architecture, watch).await?;
        write_index(folder, remote, &chosen)?;
        Ok(Pulled {
            resolved,
            digest: chosen.digest,
            media_type: chosen.media_type,
            bytes,
            fetched_bytes,
        })
    })
}

fn choose<'a>(remote: &Remote, entries: &'a [Entry], wanted: Architecture) -> Result<&'a Entry> {
    let place = place_for(entries.iter().map(|entry| &entry.descriptor), wanted);
    let place = place.map_err(|found| no_architecture(remote, wanted, &found))?;
    Ok(&entries[place])
}

fn no_architecture(remote: &Remote, wanted: Architecture, found: &str) -> Error {
    let printable = found.chars().filter(|letter| !letter.is_control());
    let found: String = printable.take(500).collect();
    let (reference, wanted) = (remote.reference.whole(), wanted.goarch());
    Error::Other(format!(
        "`{reference}` is not there for {wanted}, only for {found}"
    ))
}

async fn child(session: &Session<'_>, entry: &Entry) -> Result<Manifest> {
    if entry.size() > LONGEST {
        let what = format!("manifest {}", entry.digest);
        let reason = format!("it is said to have {} bytes, over {LONGEST}", entry.size());
        return Err(session.unusable(&what, reason));
    }
    let found = manifest::fetch(session, &entry.digest.to_string()).await?;
    if found.bytes.len() as u64 != entry.size() {
        return Err(Error::Size {
            registry: session.remote.registry().to_owned(),
            what: format!("manifest {}", entry.digest),
            wanted: entry.size(),
            found: found.bytes.len().to_string(),
        });
    }
    Ok(found)
}

/// Fetches what a manifest lists, and that; returns the bytes of all blobs and of those fetched.
async fn everything(
    session: &Session<'_>,
    top: &Manifest,
    blobs: &Path,
    architecture: Option<Architecture>,
    watch: &Watch<'_>,
) -> Result<(u64, u64)> {
    let mut entries = Vec::new();
    let mut documents = vec![(top.digest, top.bytes.clone())];
    let mut waiting = Vec::new();
    list(&top.kind, &mut entries, &mut waiting);
    let mut seen = BTreeSet::from([top.digest]);
    while let Some(entry) = waiting.pop() {
        if !seen.insert(entry.digest) {
            continue;
        }
        if seen.len() > MOST_MANIFESTS {
            let what = format!("index {}", top.digest);
            let reason = format!("it lists more than {MOST_MANIFESTS} images");
            return Err(session.unusable(&what, reason));
        }
        let found = child(session, &entry).await?;
        list(&found.kind, &mut entries, &mut waiting);
        documents.push((found.digest, found.bytes));
    }
    // Images of one index share layers, and one image may have the same layer twice.
    let mut seen = BTreeSet::new();
    entries.retain(|entry| seen.insert((entry.digest, entry.size())));
    let sizes = entries.iter().map(Entry::size);
    let total = sizes.fold(0_u64, u64::saturating_add);
    let meter = Meter::new(watch, total);
    let mut fetched = 0;
    for (place, entry) in entries.iter().enumerate() {
        if blob::fetch(session, entry, blobs, &meter).await? {
            fetched += entry.size();
        }
        if let (0, Some(wanted), Kind::Image(_)) = (place, architecture, &top.kind) {
            check_architecture(session.remote, entry, blobs, wanted)?;
        }
    }
    // Innermost first, so that what is there is complete.
    for (digest, bytes) in documents.iter().rev() {
        write_file(&blobs.join(digest.hex()), bytes)?;
    }
    Ok((total, fetched))
}

fn list(kind: &Kind, entries: &mut Vec<Entry>, waiting: &mut Vec<Entry>) {
    match kind {
        Kind::Image(blobs) => entries.extend(blobs.iter().cloned()),
        Kind::Index(manifests) => waiting.extend(manifests.iter().cloned()),
    }
}

/// Refuses an image whose configuration says another architecture.
fn check_architecture(
    remote: &Remote,
    config: &Entry,
    blobs: &Path,
    wanted: Architecture,
) -> Result<()> {
    let found = if config.size() > LONGEST {
        "none that it names in a configuration of sensible length".to_owned()
    } else {
        let bytes = fs::read(blobs.join(config.digest.hex()))?;
        let config: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let named = config["architecture"].as_str();
        named.unwrap_or("none that it names").to_owned()
    };
    match found == wanted.goarch() {
        true => Ok(()),
        false => Err(no_architecture(remote, wanted, &found)),
    }
}

/// Names what was pulled, by the tag that it was asked for.
fn write_index(folder: &Path, remote: &Remote, manifest: &Manifest) -> Result<()> {
    let media_type = manifest.media_type.as_str().into();
    let size = manifest.bytes.len() as u64;
    let mut entry = layer::descriptor(media_type, &manifest.digest, size)?;
    if let Some(tag) = remote.reference.tag() {
        let name = "org.opencontainers.image.ref.name".to_owned();
        entry.set_annotations(Some(HashMap::from([(name, tag.to_owned())])));
    }
    Ok(write_documents(folder, &Index::of(vec![entry])?)?)
}
