//! Recomputes the digests and sizes of an image from its bytes, and reports all mismatches instead of the first one. An
//! unreadable part does not stop the validation of the others.

use std::io::Read;

use oci_spec::image::{Descriptor, MediaType};

use crate::archive::{DockerImage, blob_path};
use crate::document::{descriptor_digest, parse};
use crate::entries::Entry;
use crate::image::Documents;
use crate::scan::{layer_origin, read_layer};
use crate::source::{self, Source};
use crate::{Digest, Error, Index, Layer, Result, RunningDigest};

/// The result of [`validate`].
#[derive(Debug, Default)]
pub struct Validation {
    /// Messages, in the order of discovery.
    pub mismatches: Vec<String>,
    pub(crate) index: Option<Index>,
    pub(crate) images: Vec<ValidatedImage>,
}

/// An image with readable documents.
#[derive(Debug)]
pub(crate) struct ValidatedImage {
    pub(crate) entry: Descriptor,
    pub(crate) documents: Documents,
    pub(crate) layers: Vec<ValidatedLayer>,
}

#[derive(Debug)]
pub(crate) struct ValidatedLayer {
    pub(crate) descriptor: Descriptor,
    /// None if it could not be read.
    pub(crate) scanned: Option<Layer>,
    /// The first four bytes of the blob.
    pub(crate) magic: Vec<u8>,
    pub(crate) entries: Vec<Entry>,
}

/// Reads and verifies all documents and blobs of a source.
pub fn validate(source: &dyn Source) -> Validation {
    let mut validator = Validator {
        source,
        referenced: Vec::new(),
        result: Validation::default(),
    };
    if let Some(index) = validator.ok_or_report(source::index(source)) {
        validator.check_manifests(index.manifests());
        if let Some(docker) = validator.ok_or_report(source.docker_manifest()).flatten() {
            validator.check_docker_manifest(&docker);
        }
        validator.check_blobs();
        validator.result.index = Some(index);
    }
    validator.result
}

struct Validator<'a> {
    source: &'a dyn Source,
    /// The blobs of the index and of images.
    referenced: Vec<Digest>,
    result: Validation,
}

impl Validator<'_> {
    fn report(&mut self, mismatch: String) {
        self.result.mismatches.push(mismatch);
    }

    /// Returns the value, or adds the error to the mismatches.
    fn ok_or_report<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.report(error.to_string())).ok()
    }

    /// Checks images, and recursively those of nested indexes.
    fn check_manifests(&mut self, entries: &[Descriptor]) {
        let source = self.source;
        for entry in entries {
            let Some(digest) = self.ok_or_report(descriptor_digest(source.origin(), entry)) else {
                continue;
            };
            if self.referenced.contains(&digest) {
                continue;
            }
            self.referenced.push(digest);
            if is_index(entry.media_type()) {
                let bytes = source::document(source, "index", entry);
                let inner = bytes.and_then(|bytes| Index::parse(source.origin(), &bytes));
                if let Some(inner) = self.ok_or_report(inner) {
                    self.check_manifests(inner.manifests());
                }
            } else if let Some(documents) = self.ok_or_report(Documents::read(source, entry)) {
                self.check_image(entry, documents);
            }
        }
    }

    fn check_image(&mut self, entry: &Descriptor, documents: Documents) {
        let origin = self.source.origin();
        let ids = documents.config.rootfs().diff_ids();
        let descriptors = documents.manifest.layers();
        let config = self.ok_or_report(descriptor_digest(origin, documents.manifest.config()));
        self.referenced.extend(config);
        if ids.len() != descriptors.len() {
            let (ids, layers) = (ids.len(), descriptors.len());
            self.report(format!(
                "the configuration of {origin} names {ids} layers, its manifest {layers}"
            ));
        }
        let mut layers = Vec::new();
        for (at, descriptor) in descriptors.iter().enumerate() {
            let digest = self.ok_or_report(descriptor_digest(origin, descriptor));
            self.referenced.extend(digest);
            layers.push(self.check_layer(descriptor, ids.get(at)));
        }
        self.result.images.push(ValidatedImage {
            entry: entry.clone(),
            documents,
            layers,
        });
    }

    fn check_layer(&mut self, descriptor: &Descriptor, diff_id: Option<&String>) -> ValidatedLayer {
        let source = self.source;
        let mut entries = Vec::new();
        let scanned = read_layer(source, descriptor, &mut |entry, _| {
            entries.push(entry.clone());
            Ok(())
        });
        let scanned = self.ok_or_report(scanned);
        if let (Some(scanned), Some(declared)) = (&scanned, diff_id)
            && scanned.diff_id.to_string() != *declared
        {
            let (layer, found) = (layer_origin(source, &scanned.digest), scanned.diff_id);
            self.report(format!(
                "the content of {layer} is {found}, its configuration says {declared}"
            ));
        }
        ValidatedLayer {
            magic: magic(source, descriptor).unwrap_or_default(),
            descriptor: descriptor.clone(),
            scanned,
            entries,
        }
    }

    /// Checks that old versions of Docker find the same image.
    fn check_docker_manifest(&mut self, bytes: &[u8]) {
        let origin = self.source.origin();
        let parsed: Result<Vec<DockerImage>> = parse(origin, "manifest.json", bytes);
        for image in self.ok_or_report(parsed).unwrap_or_default() {
            let same = self.result.images.iter().any(|examined| {
                let path = |of: &Descriptor| descriptor_digest("", of).map(|digest| blob_path(&digest));
                let manifest = &examined.documents.manifest;
                let layers = manifest.layers().iter().map(|layer| path(layer).ok());
                path(manifest.config()).ok().as_ref() == Some(&image.config)
                    && layers.eq(image.layers.iter().map(|path| Some(path.clone())))
            });
            if !same {
                self.report(format!(
                    "manifest.json of {origin} names an image that its index does not have"
                ));
            }
        }
    }

    /// Reports files that are not blobs and blobs that no image references, and verifies the digests of the latter.
    fn check_blobs(&mut self) {
        let origin = self.source.origin();
        for name in self.ok_or_report(self.source.blob_names()).unwrap_or_default() {
            let Ok(digest) = format!("sha256:{name}").parse::<Digest>() else {
                self.report(format!("{origin} has `{name}` among its blobs, which is not a digest"));
                continue;
            };
            // Referenced blobs have been read already.
            if self.referenced.contains(&digest) {
                continue;
            }
            self.report(format!("{origin} has the blob {digest}, which is not part of an image"));
            if let Some(found) = self.ok_or_report(blob_digest(self.source, &digest))
                && found != digest
            {
                self.report(format!("the blob {digest} of {origin} has the digest {found}"));
            }
        }
    }
}

pub(crate) fn is_index(kind: &MediaType) -> bool {
    let list = "application/vnd.docker.distribution.manifest.list.v2+json";
    *kind == MediaType::ImageIndex || kind.to_string() == list
}

fn magic(source: &dyn Source, descriptor: &Descriptor) -> Result<Vec<u8>> {
    let digest = descriptor_digest(source.origin(), descriptor)?;
    let mut bytes = Vec::new();
    let read = source.blob(&digest)?.reader.take(4).read_to_end(&mut bytes);
    read.map_err(|error| Error::damaged(source.origin(), error))?;
    Ok(bytes)
}

fn blob_digest(source: &dyn Source, digest: &Digest) -> Result<Digest> {
    let found = RunningDigest::from_reader(&mut source.blob(digest)?.reader);
    let found = found.map_err(|error| Error::damaged(source.origin(), error))?;
    Ok(found.digest())
}
