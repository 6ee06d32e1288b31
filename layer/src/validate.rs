//! Derives everything that an image says of itself again from its bytes, and reports every mismatch
//! instead of the first. Where something cannot be read, the rest is.

use std::io::Read;

use oci_spec::image::{Descriptor, MediaType};

use crate::archive::{DockerImage, blob_path};
use crate::document::{digest_of, parse};
use crate::entries::Entry;
use crate::image::Documents;
use crate::scan::{layer_of, read_layer};
use crate::source::{self, Source};
use crate::{Digest, Error, Index, Layer, Result, RunningDigest};

/// What a source was found to hold.
#[derive(Debug, Default)]
pub struct Validation {
    /// What does not fit, each a sentence.
    pub mismatches: Vec<String>,
    pub(crate) index: Option<Index>,
    pub(crate) images: Vec<Examined>,
}

/// An image whose documents could be read.
#[derive(Debug)]
pub(crate) struct Examined {
    pub(crate) entry: Descriptor,
    pub(crate) documents: Documents,
    pub(crate) layers: Vec<ExaminedLayer>,
}

#[derive(Debug)]
pub(crate) struct ExaminedLayer {
    pub(crate) descriptor: Descriptor,
    /// None where it could not be read.
    pub(crate) scanned: Option<Layer>,
    /// The first bytes of its blob.
    pub(crate) magic: Vec<u8>,
    pub(crate) entries: Vec<Entry>,
}

/// Reads all that a source has to its end.
pub fn validate(source: &dyn Source) -> Validation {
    let mut check = Check {
        source,
        used: Vec::new(),
        found: Validation::default(),
    };
    if let Some(index) = check.take(source::index(source)) {
        check.manifests(index.manifests());
        if let Some(docker) = check.take(source.docker_manifest()).flatten() {
            check.docker_manifest(&docker);
        }
        check.blobs();
        check.found.index = Some(index);
    }
    check.found
}

struct Check<'a> {
    source: &'a dyn Source,
    /// The blobs that are part of an image.
    used: Vec<Digest>,
    found: Validation,
}

impl Check<'_> {
    fn say(&mut self, mismatch: String) {
        self.found.mismatches.push(mismatch);
    }

    /// The value, or the error among the mismatches.
    fn take<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.say(error.to_string())).ok()
    }

    /// Looks at images, and at those in the indexes among them.
    fn manifests(&mut self, entries: &[Descriptor]) {
        let source = self.source;
        for entry in entries {
            let Some(digest) = self.take(digest_of(source.origin(), entry)) else {
                continue;
            };
            if self.used.contains(&digest) {
                continue;
            }
            self.used.push(digest);
            if is_index(entry.media_type()) {
                let bytes = source::document(source, "index", entry);
                let inner = bytes.and_then(|bytes| Index::parse(source.origin(), &bytes));
                if let Some(inner) = self.take(inner) {
                    self.manifests(inner.manifests());
                }
            } else if let Some(documents) = self.take(Documents::read(source, entry)) {
                self.image(entry, documents);
            }
        }
    }

    fn image(&mut self, entry: &Descriptor, documents: Documents) {
        let origin = self.source.origin();
        let ids = documents.config.rootfs().diff_ids();
        let descriptors = documents.manifest.layers();
        let config = self.take(digest_of(origin, documents.manifest.config()));
        self.used.extend(config);
        if ids.len() != descriptors.len() {
            let (ids, layers) = (ids.len(), descriptors.len());
            self.say(format!(
                "the configuration of {origin} names {ids} layers, its manifest {layers}"
            ));
        }
        let mut layers = Vec::new();
        for (at, descriptor) in descriptors.iter().enumerate() {
            let digest = self.take(digest_of(origin, descriptor));
            self.used.extend(digest);
            layers.push(self.layer(descriptor, ids.get(at)));
        }
        self.found.images.push(Examined {
            entry: entry.clone(),
            documents,
            layers,
        });
    }

    fn layer(&mut self, descriptor: &Descriptor, diff_id: Option<&String>) -> ExaminedLayer {
        let source = self.source;
        let mut entries = Vec::new();
        let scanned = read_layer(source, descriptor, &mut |entry, _| {
            entries.push(entry.clone());
            Ok(())
        });
        let scanned = self.take(scanned);
        if let (Some(scanned), Some(said)) = (&scanned, diff_id)
            && scanned.diff_id.to_string() != *said
        {
            let (layer, found) = (layer_of(source, &scanned.digest), scanned.diff_id);
            self.say(format!(
                "the content of {layer} is {found}, its configuration says {said}"
            ));
        }
        ExaminedLayer {
            magic: magic(source, descriptor).unwrap_or_default(),
            descriptor: descriptor.clone(),
            scanned,
            entries,
        }
    }

    /// Whether old versions of Docker find the same image.
    fn docker_manifest(&mut self, bytes: &[u8]) {
        let origin = self.source.origin();
        let parsed: Result<Vec<DockerImage>> = parse(origin, "manifest.json", bytes);
        for image in self.take(parsed).unwrap_or_default() {
            let same = self.found.images.iter().any(|examined| {
                let path = |of: &Descriptor| digest_of("", of).map(|digest| blob_path(&digest));
                let manifest = &examined.documents.manifest;
                let layers = manifest.layers().iter().map(|layer| path(layer).ok());
                path(manifest.config()).ok().as_ref() == Some(&image.config)
                    && layers.eq(image.layers.iter().map(|path| Some(path.clone())))
            });
            if !same {
                self.say(format!(
                    "manifest.json of {origin} names an image that its index does not have"
                ));
            }
        }
    }

    /// Every blob has the digest that its name says, and is part of an image.
    fn blobs(&mut self) {
        let origin = self.source.origin();
        for name in self.take(self.source.blob_names()).unwrap_or_default() {
            let Ok(digest) = format!("sha256:{name}").parse::<Digest>() else {
                self.say(format!(
                    "{origin} has `{name}` among its blobs, which is no digest"
                ));
                continue;
            };
            // Those of images were read before.
            if self.used.contains(&digest) {
                continue;
            }
            self.say(format!(
                "{origin} has the blob {digest}, which is part of no image"
            ));
            if let Some(found) = self.take(hash(self.source, &digest))
                && found != digest
            {
                self.say(format!(
                    "the blob {digest} of {origin} has the digest {found}"
                ));
            }
        }
    }
}

pub(crate) fn is_index(kind: &MediaType) -> bool {
    let list = "application/vnd.docker.distribution.manifest.list.v2+json";
    *kind == MediaType::ImageIndex || kind.to_string() == list
}

fn magic(source: &dyn Source, descriptor: &Descriptor) -> Result<Vec<u8>> {
    let digest = digest_of(source.origin(), descriptor)?;
    let mut bytes = Vec::new();
    let read = source.blob(&digest)?.reader.take(4).read_to_end(&mut bytes);
    read.map_err(|error| Error::damaged(source.origin(), error))?;
    Ok(bytes)
}

fn hash(source: &dyn Source, digest: &Digest) -> Result<Digest> {
    let found = RunningDigest::of(&mut source.blob(digest)?.reader);
    let found = found.map_err(|error| Error::damaged(source.origin(), error))?;
    Ok(found.digest())
}
