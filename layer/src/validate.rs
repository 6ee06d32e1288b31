//! Recomputes the digests and sizes of an image from its bytes, and reports all mismatches instead of the first one. An
//! unreadable part does not stop the validation of the others.

use oci_spec::image::{Descriptor, ImageManifest};

use crate::archive::{DockerImage, blob_path};
use crate::document::{descriptor_digest, parse};
use crate::entries::Entry;
use crate::image::Documents;
use crate::index::{Attachment, MAX_INDEX_DEPTH, is_index};
use crate::scan::{layer_compression, layer_origin, read_layer};
use crate::source::{self, Source};
use crate::{Compression, Digest, Error, Index, Layer, Result, RunningDigest};

/// The result of [`validate`].
#[derive(Debug, Default)]
pub struct Validation {
    /// Messages, in the order of discovery.
    pub mismatches: Vec<String>,
    /// The names of files among the blobs that no image refers to, as `docker save` of version 25 writes them. A push
    /// leaves them out.
    pub unused_blobs: Vec<String>,
    pub(crate) index: Option<Index>,
    pub(crate) nested: Vec<NestedIndex>,
    pub(crate) images: Vec<ValidatedImage>,
}

/// An index in an index, such as an image for several platforms.
#[derive(Debug)]
pub(crate) struct NestedIndex {
    pub(crate) digest: Digest,
    /// The entries that the source has.
    pub(crate) present: Vec<Descriptor>,
    /// The number of the others: `docker save` leaves out those of other platforms.
    pub(crate) absent: usize,
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
    /// That of the content; none if it could not be read.
    pub(crate) compression: Option<Compression>,
    pub(crate) entries: Vec<Entry>,
}

/// Reads and verifies all documents and blobs of a source.
pub fn validate(source: &dyn Source) -> Validation {
    let mut validator = Validator {
        source,
        referenced: Vec::new(),
        all_documents_are_read: true,
        result: Validation::default(),
    };
    if let Some(index) = validator.ok_or_report(source::index(source)) {
        validator.check_manifests(index.manifests(), MAX_INDEX_DEPTH);
        if let Some(docker) = validator.ok_or_report(source.docker_manifest()).flatten() {
            validator.check_docker_manifest(&docker);
        }
        if validator.all_documents_are_read {
            validator.find_unused_blobs();
        }
        validator.result.index = Some(index);
    }
    validator.result
}

struct Validator<'a> {
    source: &'a dyn Source,
    /// The blobs of the index and of images.
    referenced: Vec<Digest>,
    /// Otherwise there are references that are not known.
    all_documents_are_read: bool,
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

    /// Returns a document, or adds the error to the mismatches.
    fn document_or_report<T>(&mut self, result: Result<T>) -> Option<T> {
        self.all_documents_are_read &= result.is_ok();
        self.ok_or_report(result)
    }

    /// Checks images and what is attached to them, and recursively those of nested indexes.
    fn check_manifests(&mut self, entries: &[Descriptor], depth: usize) {
        let source = self.source;
        if depth == 0 {
            self.report(format!("the indexes of {} are nested too deeply", source.origin()));
            return;
        }
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
                if let Some(inner) = self.document_or_report(inner) {
                    self.check_nested(digest, inner.manifests(), depth);
                }
            } else if Attachment::of(entry).is_some() {
                self.check_attachment(entry);
            } else if let Some(documents) = self.document_or_report(Documents::read(source, entry)) {
                self.check_image(entry, documents);
            }
        }
    }

    /// Checks the blobs of an attachment, which are not layers.
    fn check_attachment(&mut self, entry: &Descriptor) {
        let (source, origin) = (self.source, self.source.origin());
        let bytes = source::document(source, "manifest", entry);
        let manifest = bytes.and_then(|bytes| parse::<ImageManifest>(origin, "manifest", &bytes));
        let Some(manifest) = self.document_or_report(manifest) else {
            return;
        };
        for blob in std::iter::once(manifest.config()).chain(manifest.layers()) {
            let checked = descriptor_digest(origin, blob).and_then(|digest| {
                self.referenced.push(digest);
                let read = RunningDigest::from_reader(&mut source.blob(&digest)?.reader);
                let read = read.map_err(|error| Error::damaged(origin, error))?;
                if (read.digest(), read.size()) == (digest, blob.size()) {
                    return Ok(());
                }
                let (found, size) = (read.digest(), read.size());
                let reason = format!("its blob {digest} has the digest {found} and {size} bytes");
                Err(Error::damaged(origin, reason))
            });
            self.ok_or_report(checked);
        }
    }

    fn check_nested(&mut self, digest: Digest, entries: &[Descriptor], depth: usize) {
        let exists = |entry: &Descriptor| {
            let digest = descriptor_digest(self.source.origin(), entry);
            digest.and_then(|digest| self.source.blob(&digest).map(drop)).is_ok()
        };
        let mut present: Vec<_> = entries.iter().filter(|entry| exists(entry)).cloned().collect();
        // If none is there, all are reported.
        if present.is_empty() {
            present = entries.to_vec();
        }
        self.check_manifests(&present, depth - 1);
        self.result.nested.push(NestedIndex {
            digest,
            absent: entries.len() - present.len(),
            present,
        });
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
            compression: layer_compression(source, descriptor).ok(),
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
                    && layers.eq(image.layers.iter().flatten().map(|path| Some(path.clone())))
            });
            if !same {
                self.report(format!(
                    "manifest.json of {origin} names an image that its index does not have"
                ));
            }
        }
    }

    fn find_unused_blobs(&mut self) {
        let names = self.ok_or_report(self.source.blob_names()).unwrap_or_default();
        let is_used = |name: &String| {
            let digest = format!("sha256:{name}").parse::<Digest>();
            digest.is_ok_and(|digest| self.referenced.contains(&digest))
        };
        let unused = names.into_iter().filter(|name| !is_used(name));
        self.result.unused_blobs = unused.collect();
    }
}
