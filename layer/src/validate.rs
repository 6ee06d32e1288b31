//! Derives everything that an image says of itself again from its bytes, and reports every mismatch
//! instead of the first. Where something cannot be read, the rest is.

use std::io::Read;

use oci_spec::image::{Descriptor, MediaType};

use crate::archive::{DockerImage, blob_path};
use crate::document::{digest_of, parse};
use crate::entries::Entry;
use crate::image::Documents;
use crate::scan::{layer_of, read_layer};
use crate::source::Source;
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
    let mut found = Validation::default();
    let index = source.index();
    let index = index.and_then(|bytes| Index::parse(source.origin(), &bytes));
    let Some(index) = found.take(index) else {
        return found;
    };
    let mut used = Vec::new();
    found.manifests(source, index.manifests(), &mut used);
    if let Some(docker) = found.take(source.docker_manifest()).flatten() {
        found.docker_manifest(source, &docker);
    }
    found.blobs(source, &used);
    found.index = Some(index);
    found
}

impl Validation {
    /// The value, or the error among the mismatches.
    fn take<T>(&mut self, result: Result<T>) -> Option<T> {
        result
            .map_err(|error| self.mismatches.push(error.to_string()))
            .ok()
    }

    /// Looks at images, and at those in the indexes among them.
    fn manifests(&mut self, source: &dyn Source, entries: &[Descriptor], used: &mut Vec<Digest>) {
        for entry in entries {
            let Some(digest) = self.take(digest_of(source.origin(), entry)) else {
                continue;
            };
            if used.contains(&digest) {
                continue;
            }
            used.push(digest);
            if is_index(entry.media_type()) {
                let bytes = crate::source::document(source, "index", entry);
                let inner = bytes.and_then(|bytes| Index::parse(source.origin(), &bytes));
                if let Some(inner) = self.take(inner) {
                    self.manifests(source, inner.manifests(), used);
                }
            } else if let Some(documents) = self.take(Documents::read(source, entry)) {
                self.image(source, entry, documents, used);
            }
        }
    }

    fn image(
        &mut self,
        source: &dyn Source,
        entry: &Descriptor,
        documents: Documents,
        used: &mut Vec<Digest>,
    ) {
        let ids = documents.config.rootfs().diff_ids().clone();
        let descriptors = documents.manifest.layers().clone();
        used.extend(self.take(digest_of(source.origin(), documents.manifest.config())));
        if ids.len() != descriptors.len() {
            self.mismatches.push(format!(
                "the configuration of {} names {} layers, its manifest {}",
                source.origin(),
                ids.len(),
                descriptors.len()
            ));
        }
        let mut layers = Vec::new();
        for (at, descriptor) in descriptors.into_iter().enumerate() {
            used.extend(self.take(digest_of(source.origin(), &descriptor)));
            let layer = self.layer(source, descriptor, ids.get(at));
            layers.push(layer);
        }
        self.images.push(Examined {
            entry: entry.clone(),
            documents,
            layers,
        });
    }

    fn layer(
        &mut self,
        source: &dyn Source,
        descriptor: Descriptor,
        diff_id: Option<&String>,
    ) -> ExaminedLayer {
        let mut entries = Vec::new();
        let scanned = read_layer(source, &descriptor, &mut |entry, _| {
            entries.push(entry.clone());
            Ok(())
        });
        let scanned = self.take(scanned);
        if let (Some(scanned), Some(diff_id)) = (&scanned, diff_id)
            && scanned.diff_id.to_string() != *diff_id
        {
            self.mismatches.push(format!(
                "the content of {} is {}, its configuration says {diff_id}",
                layer_of(source, &scanned.digest),
                scanned.diff_id,
            ));
        }
        ExaminedLayer {
            magic: magic(source, &descriptor).unwrap_or_default(),
            descriptor,
            scanned,
            entries,
        }
    }

    /// Whether old versions of Docker find the same image.
    fn docker_manifest(&mut self, source: &dyn Source, bytes: &[u8]) {
        let parsed: Result<Vec<DockerImage>> = parse(source.origin(), "manifest.json", bytes);
        let Some(docker) = self.take(parsed) else {
            return;
        };
        for image in docker {
            let same = self.images.iter().any(|examined| {
                let path = |of: &Descriptor| digest_of("", of).map(|digest| blob_path(&digest));
                let manifest = &examined.documents.manifest;
                let layers = manifest.layers().iter().map(|layer| path(layer).ok());
                path(manifest.config()).ok().as_ref() == Some(&image.config)
                    && layers.eq(image.layers.iter().map(|path| Some(path.clone())))
            });
            if !same {
                self.mismatches.push(format!(
                    "manifest.json of {} names an image that its index does not have",
                    source.origin()
                ));
            }
        }
    }

    /// Every blob has the digest that its name says, and is part of an image.
    fn blobs(&mut self, source: &dyn Source, used: &[Digest]) {
        let Some(names) = self.take(source.blob_names()) else {
            return;
        };
        for name in names {
            let Ok(digest) = format!("sha256:{name}").parse::<Digest>() else {
                self.mismatches.push(format!(
                    "{} has `{name}` among its blobs, which is no digest",
                    source.origin()
                ));
                continue;
            };
            // Those of images were read before.
            if used.contains(&digest) {
                continue;
            }
            self.mismatches.push(format!(
                "{} has the blob {digest}, which is part of no image",
                source.origin()
            ));
            if let Some(found) = self.take(hash(source, &digest))
                && found != digest
            {
                self.mismatches.push(format!(
                    "the blob {digest} of {} has the digest {found}",
                    source.origin()
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
