//! Reads an image archive without extracting it: a tar archive of an OCI layout, or of `docker save` before version 25,
//! for which the missing index and manifest are synthesized.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek};
use std::path::Path;

use fs_err::File;
use fs_err::os::unix::fs::FileExt;
use oci_spec::image::{ImageConfiguration, ImageManifestBuilder};
use serde::{Deserialize, Serialize};

use crate::document::{self, build_error, canonical_json, descriptor, parse};
use crate::entries::{self, EntryKind};
use crate::source::{Blob, Source};
use crate::{Digest, Error, Index, Result};

const BLOBS_PREFIX: &str = "blobs/sha256/";
const DOCKER_MANIFEST: &str = "manifest.json";

/// Docker's media types, for archives without them.
const DOCKER_LAYER_TYPE: &str = "application/vnd.docker.image.rootfs.diff.tar";
const DOCKER_CONFIG_TYPE: &str = "application/vnd.docker.container.image.v1+json";
const DOCKER_MANIFEST_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// An entry of `manifest.json`, which Docker before version 25 reads.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DockerImage {
    /// The path of the configuration in the archive.
    pub(crate) config: String,
    pub(crate) repo_tags: Option<Vec<String>>,
    /// The paths of the layers in the archive, the lowest first.
    pub(crate) layers: Vec<String>,
}

pub(crate) fn blob_path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// An image archive.
pub struct ArchiveFile {
    file: File,
    origin: String,
    /// The position of each file's content.
    files: BTreeMap<String, FileRange>,
    synthesized: Option<SynthesizedDocuments>,
}

#[derive(Clone, Copy)]
struct FileRange {
    offset: u64,
    size: u64,
}

/// The documents that an archive without an index lacks.
struct SynthesizedDocuments {
    index: Vec<u8>,
    manifest: (Digest, Vec<u8>),
    /// The paths of configuration and layers.
    blobs: BTreeMap<Digest, String>,
}

impl ArchiveFile {
    /// # Errors
    /// The file is not a tar archive, has no image, or has an entry that is refused.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        Self::read(file, format!("the archive `{}`", path.display()))
    }

    /// Reads the archive in `file`, which errors call `origin`.
    pub fn read(mut file: File, origin: String) -> Result<Self> {
        file.rewind()?;
        let files = file_ranges(&origin, &file)?;
        let mut archive = Self {
            file,
            origin,
            files,
            synthesized: None,
        };
        if !archive.files.contains_key("index.json") {
            if !archive.files.contains_key(DOCKER_MANIFEST) {
                let what = "index.json and no manifest.json, so it is not an image";
                return Err(Error::missing(&archive.origin, what));
            }
            archive.synthesized = Some(archive.synthesize_documents()?);
        }
        Ok(archive)
    }

    /// Creates an index and a manifest from `manifest.json`, which names layers only by path.
    fn synthesize_documents(&self) -> Result<SynthesizedDocuments> {
        let images: Vec<DockerImage> = parse(&self.origin, DOCKER_MANIFEST, &self.document(DOCKER_MANIFEST)?)?;
        let [image] = images.as_slice() else {
            let reason = format!("it has {} images; save only one", images.len());
            return Err(Error::damaged(&self.origin, reason));
        };
        let config_bytes = self.document(&image.config)?;
        let config: ImageConfiguration = parse(&self.origin, "configuration", &config_bytes)?;
        let ids = config.rootfs().diff_ids();
        if ids.len() != image.layers.len() {
            let reason = "its configuration and its manifest.json have different numbers of layers";
            return Err(Error::damaged(&self.origin, reason));
        }
        let mut blobs = BTreeMap::from([(Digest::of(&config_bytes), image.config.clone())]);
        let mut layers = Vec::new();
        for (id, path) in ids.iter().zip(&image.layers) {
            let digest: Digest = id.parse()?;
            let range = self.file_range(path)?;
            layers.push(descriptor(DOCKER_LAYER_TYPE.into(), &digest, range.size)?);
            blobs.insert(digest, path.clone());
        }
        let size = config_bytes.len() as u64;
        let config = descriptor(DOCKER_CONFIG_TYPE.into(), &Digest::of(&config_bytes), size)?;
        let manifest = ImageManifestBuilder::default()
            .schema_version(2_u32)
            .media_type(DOCKER_MANIFEST_TYPE)
            .config(config)
            .layers(layers)
            .build()
            .map_err(build_error("manifest"))?;
        let manifest = canonical_json(&manifest)?;
        let digest = Digest::of(&manifest);
        let entry = descriptor(DOCKER_MANIFEST_TYPE.into(), &digest, manifest.len() as u64)?;
        Ok(SynthesizedDocuments {
            index: Index::new(vec![entry])?.to_json()?,
            manifest: (digest, manifest),
            blobs,
        })
    }

    fn file_range(&self, path: &str) -> Result<FileRange> {
        let range = self.files.get(path).copied();
        range.ok_or_else(|| Error::missing(&self.origin, format!("file `{path}`")))
    }

    fn document(&self, path: &str) -> Result<Vec<u8>> {
        let mut section = self.section(self.file_range(path)?);
        document::read(&self.origin, path, &mut section)
    }

    fn section(&self, range: FileRange) -> Section<'_> {
        Section {
            file: &self.file,
            at: range.offset,
            end: range.offset + range.size,
        }
    }
}

/// The position of each file's content in the archive, including those of links to files.
fn file_ranges(origin: &str, file: &File) -> Result<BTreeMap<String, FileRange>> {
    let mut ranges = BTreeMap::new();
    let mut links = Vec::new();
    entries::for_each(origin, file, &mut |entry, offset, _| {
        match &entry.kind {
            EntryKind::File => {
                let size = entry.size;
                let range = FileRange { offset, size };
                if ranges.insert(entry.path.clone(), range).is_some() {
                    let reason = "its path occurs twice";
                    return Err(Error::RejectedEntry {
                        origin: origin.to_owned(),
                        entry: entry.path.clone(),
                        reason: reason.to_owned(),
                    });
                }
            }
            EntryKind::Hardlink(target) => links.push((entry.path.clone(), target.clone())),
            // `docker save` writes a repeated layer as a link to the first one.
            EntryKind::Symlink(target) => {
                links.push((entry.path.clone(), resolve_symlink(&entry.path, target)));
            }
            EntryKind::Directory | EntryKind::Special => {}
        }
        Ok(())
    })?;
    for (path, target) in links {
        if let Some(range) = ranges.get(&target).copied() {
            ranges.entry(path).or_insert(range);
        }
    }
    Ok(ranges)
}

/// The target of a symbolic link at `path`, as a path from the archive's root. It need not exist.
fn resolve_symlink(path: &str, target: &str) -> String {
    let mut parts: Vec<_> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

impl Source for ArchiveFile {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn index(&self) -> Result<Vec<u8>> {
        match &self.synthesized {
            Some(synthesized) => Ok(synthesized.index.clone()),
            None => self.document("index.json"),
        }
    }

    fn blob(&self, digest: &Digest) -> Result<Blob<'_>> {
        let path = match &self.synthesized {
            Some(synthesized) if synthesized.manifest.0 == *digest => {
                let bytes = synthesized.manifest.1.as_slice();
                return Ok(Blob {
                    size: bytes.len() as u64,
                    reader: Box::new(bytes),
                });
            }
            Some(synthesized) => synthesized.blobs.get(digest).cloned(),
            None => Some(blob_path(digest)),
        };
        let range = path.and_then(|path| self.files.get(&path).copied());
        let range = range.ok_or_else(|| Error::missing(&self.origin, format!("blob {digest}")))?;
        Ok(Blob {
            size: range.size,
            reader: Box::new(self.section(range)),
        })
    }

    fn blob_names(&self) -> Result<Vec<String>> {
        let names = self.files.keys().map(|path| path.strip_prefix(BLOBS_PREFIX));
        Ok(names.flatten().map(str::to_owned).collect())
    }

    fn docker_manifest(&self) -> Result<Option<Vec<u8>>> {
        let present = self.synthesized.is_none() && self.files.contains_key(DOCKER_MANIFEST);
        present.then(|| self.document(DOCKER_MANIFEST)).transpose()
    }

    fn compresses_on_push(&self) -> bool {
        self.synthesized.is_some()
    }
}

struct Section<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let limit = buffer.len().min(left);
        let count = self.file.read_at(&mut buffer[..limit], self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
