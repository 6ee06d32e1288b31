//! Reads an image archive where it lies, without unpacking it: an OCI layout in a tar file, as we
//! and others write it, or what `docker save` wrote before version 25, for which the missing
//! documents are made here.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek};
use std::path::Path;

use fs_err::File;
use fs_err::os::unix::fs::FileExt;
use oci_spec::image::{ImageConfiguration, ImageManifestBuilder};
use serde::{Deserialize, Serialize};

use crate::document::{self, canonical, descriptor, parse, unbuilt};
use crate::entries::{self, Kind};
use crate::source::{Blob, Source};
use crate::{Digest, Error, Index, Result};

const BLOBS: &str = "blobs/sha256/";
const DOCKER: &str = "manifest.json";

/// Docker's media types, for what its archives do not say.
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// What Docker before version 25 reads of an archive.
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
    /// Where each file's content lies.
    files: BTreeMap<String, Place>,
    made: Option<Made>,
}

#[derive(Clone, Copy)]
struct Place {
    offset: u64,
    bytes: u64,
}

/// What an archive without an index lacks.
struct Made {
    index: Vec<u8>,
    manifest: (Digest, Vec<u8>),
    /// Configuration and layers, by their paths.
    blobs: BTreeMap<Digest, String>,
}

impl ArchiveFile {
    /// Opens the archive `path`.
    ///
    /// # Errors
    /// It is no tar archive, no image is in it, or an entry of it is refused.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        Self::read(file, format!("the archive `{}`", path.display()))
    }

    /// Reads the archive in `file`, which errors call `origin`.
    pub fn read(mut file: File, origin: String) -> Result<Self> {
        file.rewind()?;
        let files = places(&origin, &file)?;
        let mut archive = Self {
            file,
            origin,
            files,
            made: None,
        };
        if !archive.files.contains_key("index.json") {
            if !archive.files.contains_key(DOCKER) {
                let what = "index.json and no manifest.json, so no image is in it";
                return Err(Error::missing(&archive.origin, what));
            }
            archive.made = Some(archive.make()?);
        }
        Ok(archive)
    }

    /// What is missing in an archive that knows layers by path alone.
    fn make(&self) -> Result<Made> {
        let images: Vec<DockerImage> = parse(&self.origin, DOCKER, &self.document(DOCKER)?)?;
        let [image] = images.as_slice() else {
            let reason = format!("there are {} images in it; save one alone", images.len());
            return Err(Error::damaged(&self.origin, reason));
        };
        let config_bytes = self.document(&image.config)?;
        let config: ImageConfiguration = parse(&self.origin, "configuration", &config_bytes)?;
        let ids = config.rootfs().diff_ids();
        if ids.len() != image.layers.len() {
            let reason = "its configuration has another number of layers than its manifest.json";
            return Err(Error::damaged(&self.origin, reason));
        }
        let mut blobs = BTreeMap::from([(Digest::of(&config_bytes), image.config.clone())]);
        let mut layers = Vec::new();
        for (id, path) in ids.iter().zip(&image.layers) {
            let digest: Digest = id.parse()?;
            let place = self.place(path)?;
            layers.push(descriptor(LAYER.into(), &digest, place.bytes)?);
            blobs.insert(digest, path.clone());
        }
        let size = config_bytes.len() as u64;
        let config = descriptor(CONFIG.into(), &Digest::of(&config_bytes), size)?;
        let manifest = ImageManifestBuilder::default()
            .schema_version(2_u32)
            .media_type(MANIFEST)
            .config(config)
            .layers(layers)
            .build()
            .map_err(unbuilt("manifest"))?;
        let manifest = canonical(&manifest)?;
        let digest = Digest::of(&manifest);
        let entry = descriptor(MANIFEST.into(), &digest, manifest.len() as u64)?;
        Ok(Made {
            index: Index::of(vec![entry])?.bytes()?,
            manifest: (digest, manifest),
            blobs,
        })
    }

    fn place(&self, path: &str) -> Result<Place> {
        let place = self.files.get(path).copied();
        place.ok_or_else(|| Error::missing(&self.origin, format!("file `{path}`")))
    }

    fn document(&self, path: &str) -> Result<Vec<u8>> {
        let mut section = self.section(self.place(path)?);
        document::read(&self.origin, path, &mut section)
    }

    fn section(&self, place: Place) -> Section<'_> {
        Section {
            file: &self.file,
            at: place.offset,
            end: place.offset + place.bytes,
        }
    }
}

/// Where the content of each file of the archive lies.
fn places(origin: &str, file: &File) -> Result<BTreeMap<String, Place>> {
    let mut places = BTreeMap::new();
    let mut links = Vec::new();
    entries::for_each(origin, file, &mut |entry, offset, _| {
        match &entry.kind {
            Kind::File => {
                let bytes = entry.bytes;
                let place = Place { offset, bytes };
                if places.insert(entry.path.clone(), place).is_some() {
                    let reason = "it is there twice, and nothing says which one counts";
                    return Err(Error::Hostile {
                        origin: origin.to_owned(),
                        entry: entry.path.clone(),
                        reason: reason.to_owned(),
                    });
                }
            }
            Kind::Hardlink(target) => links.push((entry.path.clone(), target.clone())),
            // `docker save` writes a layer that occurs again as a link to the first.
            Kind::Symlink(target) => links.push((entry.path.clone(), beside(&entry.path, target))),
            Kind::Folder | Kind::Special => {}
        }
        Ok(())
    })?;
    for (path, target) in links {
        if let Some(place) = places.get(&target).copied() {
            places.entry(path).or_insert(place);
        }
    }
    Ok(places)
}

/// The path that a link at `path` means, which may be one that no file has.
fn beside(path: &str, target: &str) -> String {
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
        match &self.made {
            Some(made) => Ok(made.index.clone()),
            None => self.document("index.json"),
        }
    }

    fn blob(&self, digest: &Digest) -> Result<Blob<'_>> {
        let path = match &self.made {
            Some(made) if made.manifest.0 == *digest => {
                let bytes = made.manifest.1.as_slice();
                return Ok(Blob {
                    bytes: bytes.len() as u64,
                    reader: Box::new(bytes),
                });
            }
            Some(made) => made.blobs.get(digest).cloned(),
            None => Some(blob_path(digest)),
        };
        let place = path.and_then(|path| self.files.get(&path).copied());
        let place = place.ok_or_else(|| Error::missing(&self.origin, format!("blob {digest}")))?;
        Ok(Blob {
            bytes: place.bytes,
            reader: Box::new(self.section(place)),
        })
    }

    fn blob_names(&self) -> Result<Vec<String>> {
        let names = self.files.keys().map(|path| path.strip_prefix(BLOBS));
        Ok(names.flatten().map(str::to_owned).collect())
    }

    fn docker_manifest(&self) -> Result<Option<Vec<u8>>> {
        let there = self.made.is_none() && self.files.contains_key(DOCKER);
        there.then(|| self.document(DOCKER)).transpose()
    }

    fn packs_on_push(&self) -> bool {
        self.made.is_some()
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
        let most = buffer.len().min(left);
        let count = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
