//! The documents of a Docker archive: a tar archive with a `manifest.json` that names configurations and layers by path.
//! Docker before version 25 writes it, and so do podman, skopeo, kaniko, crane, ko, jib, nix and bazel, each with names
//! and compression of its own. The index and the manifests that it lacks are synthesized. Source: Docker's image
//! specification 1.2, "Combined Image JSON + Filesystem Changeset Format".

use std::collections::{BTreeMap, HashMap};

use oci_spec::image::{Descriptor, ImageConfiguration, ImageManifestBuilder};
use serde::{Deserialize, Serialize};

use super::files::{ArchivedFiles, FileRange};
use crate::document::{build_error, canonical_json, descriptor, parse};
use crate::image::{CONTAINERD_NAME_ANNOTATION, REF_NAME_ANNOTATION};
use crate::scan::detect_compression;
use crate::{Compression, Digest, Error, Index, Result, RunningDigest};

pub(super) const DOCKER_MANIFEST: &str = "manifest.json";

/// Docker's media types, for archives without them.
const CONFIG_TYPE: &str = "application/vnd.docker.container.image.v1+json";
const MANIFEST_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// An entry of `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DockerImage {
    /// The path of the configuration in the archive.
    pub(crate) config: String,
    pub(crate) repo_tags: Option<Vec<String>>,
    /// The paths of the layers in the archive, the lowest first.
    #[serde(default)]
    pub(crate) layers: Option<Vec<String>>,
}

/// The documents that an archive without an index lacks.
#[derive(Default)]
pub(super) struct SynthesizedDocuments {
    pub(super) index: Vec<u8>,
    pub(super) manifests: BTreeMap<Digest, Vec<u8>>,
    /// The places of configurations and layers.
    pub(super) blobs: BTreeMap<Digest, FileRange>,
}

/// Creates an index and manifests from `manifest.json`.
///
/// # Errors
/// A document cannot be read, or names a file that the archive does not have.
pub(super) fn synthesize_documents(archive: &ArchivedFiles) -> Result<SynthesizedDocuments> {
    let images: Vec<DockerImage> = parse(&archive.origin, DOCKER_MANIFEST, &archive.document(DOCKER_MANIFEST)?)?;
    let mut documents = SynthesizedDocuments::default();
    let mut entries = Vec::new();
    for image in &images {
        let (manifest, config) = documents.add_image(archive, image)?;
        let mut names = image.repo_tags.clone().unwrap_or_default();
        if names.is_empty() && images.len() > 1 {
            // Docker's ID of the image, by which it can be chosen.
            names.push(config.hex()[..12].to_owned());
        }
        if names.is_empty() {
            entries.push(manifest.clone());
        }
        for name in names {
            let mut entry = manifest.clone();
            let tag = name.rsplit_once(':').map_or(name.as_str(), |(_, tag)| tag).to_owned();
            entry.set_annotations(Some(HashMap::from([
                (REF_NAME_ANNOTATION.to_owned(), tag),
                (CONTAINERD_NAME_ANNOTATION.to_owned(), name),
            ])));
            entries.push(entry);
        }
    }
    documents.index = Index::new(entries)?.to_json()?;
    Ok(documents)
}

impl SynthesizedDocuments {
    /// Adds the manifest of an image; returns its descriptor and the digest of the configuration.
    fn add_image(&mut self, archive: &ArchivedFiles, image: &DockerImage) -> Result<(Descriptor, Digest)> {
        let config_range = archive.file_range(&image.config)?;
        let config_bytes = archive.document(&image.config)?;
        let config_digest = Digest::of(&config_bytes);
        self.blobs.insert(config_digest, config_range);
        let config: ImageConfiguration = parse(&archive.origin, "configuration", &config_bytes)?;
        let ids = config.rootfs().diff_ids();
        let paths = image.layers.as_deref().unwrap_or_default();
        if ids.len() != paths.len() {
            let reason = "its configuration and its manifest.json have different numbers of layers";
            return Err(Error::damaged(&archive.origin, reason));
        }
        let mut layers = Vec::new();
        for (id, path) in ids.iter().zip(paths) {
            let range = archive.file_range(path)?;
            let (kind, digest) = layer_type_and_digest(archive, range, id)?;
            layers.push(descriptor(kind.into(), &digest, range.size)?);
            self.blobs.insert(digest, range);
        }
        let manifest = ImageManifestBuilder::default()
            .schema_version(2_u32)
            .media_type(MANIFEST_TYPE)
            .config(descriptor(CONFIG_TYPE.into(), &config_digest, config_range.size)?)
            .layers(layers)
            .build()
            .map_err(build_error("manifest"))?;
        let manifest = canonical_json(&manifest)?;
        let digest = Digest::of(&manifest);
        let entry = descriptor(MANIFEST_TYPE.into(), &digest, manifest.len() as u64)?;
        self.manifests.insert(digest, manifest);
        Ok((entry, config_digest))
    }
}

/// The media type that the content has, and the digest. That of an uncompressed layer is its diff ID, which is verified
/// when the layer is read.
fn layer_type_and_digest(archive: &ArchivedFiles, range: FileRange, id: &str) -> Result<(&'static str, Digest)> {
    let kind = match detect_compression(&archive.origin, archive.section(range))? {
        Compression::None => return Ok(("application/vnd.docker.image.rootfs.diff.tar", id.parse()?)),
        Compression::Gzip => "application/vnd.docker.image.rootfs.diff.tar.gzip",
        Compression::Zstd => "application/vnd.docker.image.rootfs.diff.tar.zstd",
    };
    let read = RunningDigest::from_reader(&mut archive.section(range));
    let read = read.map_err(|error| Error::damaged(&archive.origin, error))?;
    Ok((kind, read.digest()))
}
