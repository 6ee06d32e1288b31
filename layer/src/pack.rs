//! Packs an image of any maker for a registry from which Lambda takes it: one manifest, and layers that are compressed
//! with gzip. What is right already keeps its bytes and so its digest. The same image is always packed to the same bytes.

use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use oci_spec::image::{Descriptor, ImageManifest};
use serde_json::Value;

use crate::atomic::temporary_file;
use crate::compression::decompress;
use crate::digest::HashingIo;
use crate::document::{build_error, descriptor, descriptor_digest, parse};
use crate::gzip::Gzip;
use crate::index::{Attachment, MAX_INDEX_DEPTH, is_index};
use crate::scan::{LimitedReader, MAX_UNCOMPRESSED_BYTES, declared_compression, layer_compression, layer_origin};
use crate::source::{self, Source};
use crate::{Architecture, Compression, Digest, Error, Index, Result, find_platform, write_layout_files};

/// Annotations of a layer that describe the bytes of its zstd frames, as podman writes them.
const ZSTD_ANNOTATIONS: &str = "io.github.containers.zstd-chunked.";

/// Writes the only image of `source`, or the one for `architecture`, packed as a layout into `folder`, which is created
/// if it does not exist. Build attestations, other artefacts, and images that the source names but does not have, are
/// left out. Returns what was changed, one sentence each.
///
/// # Errors
/// `source` has no image for `architecture`, or several images if none is named, or a blob that is missing or damaged.
pub fn pack(source: &dyn Source, architecture: Option<Architecture>, folder: &Path) -> Result<Vec<String>> {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    let mut packer = Packer {
        source,
        blobs,
        changes: Vec::new(),
    };
    let image = packer.select(architecture)?;
    if let Some(wanted) = architecture {
        packer.check_architecture(&image, wanted)?;
    }
    let manifest = packer.pack_image(&image)?;
    let digest = Digest::of(&manifest);
    fs::write(packer.blobs.join(digest.hex()), &manifest)?;
    let mut entry = descriptor(image.media_type().clone(), &digest, manifest.len() as u64)?;
    entry.set_platform(image.platform().clone());
    write_layout_files(folder, &Index::new(vec![entry])?)?;
    Ok(packer.changes)
}

fn no_image(origin: &str, wanted: Architecture, available: &str) -> Error {
    let wanted = wanted.goarch();
    Error::missing(origin, format!("image for linux/{wanted}; it has {available}"))
}

struct Packer<'a> {
    source: &'a dyn Source,
    blobs: PathBuf,
    changes: Vec<String>,
}

impl Packer<'_> {
    /// The image that is packed.
    fn select(&mut self, architecture: Option<Architecture>) -> Result<Descriptor> {
        let mut images = Vec::new();
        let index = source::index(self.source)?;
        self.collect_images(index.manifests(), &mut images, MAX_INDEX_DEPTH)?;
        let origin = self.source.origin();
        let position = match (images.len(), architecture) {
            (0, _) => return Err(Error::missing(origin, "image that can be pushed")),
            (1, _) => 0,
            (_, Some(architecture)) => find_platform(images.iter(), architecture)
                .map_err(|available| no_image(origin, architecture, &available))?,
            (count, None) => {
                let platforms = images.iter().flat_map(Descriptor::platform);
                let platforms: Vec<_> = platforms.map(|platform| platform.architecture().to_string()).collect();
                return Err(Error::Other(format!(
                    "{origin} has {count} images ({}); Lambda accepts no index, so choose one by its architecture",
                    platforms.join(", ")
                )));
            }
        };
        Ok(images.swap_remove(position))
    }

    fn collect_images(&mut self, entries: &[Descriptor], images: &mut Vec<Descriptor>, depth: usize) -> Result<()> {
        let origin = self.source.origin();
        if depth == 0 {
            return Err(Error::damaged(origin, "its indexes are nested too deeply"));
        }
        for entry in entries {
            let digest = descriptor_digest(origin, entry)?;
            if let Some(what) = Attachment::of(entry) {
                self.changes.push(format!("the {what} {digest} is left out"));
            } else if entries.len() > 1 && self.source.blob(&digest).is_err() {
                let platform = entry.platform().as_ref();
                let platform = platform.map_or("another platform".into(), |known| known.architecture().to_string());
                let change = format!("the image for {platform} is left out, because {origin} does not have it");
                self.changes.push(change);
            } else if is_index(entry.media_type()) {
                let bytes = source::document(self.source, "index", entry)?;
                let inner = Index::parse(origin, &bytes)?;
                self.collect_images(inner.manifests(), images, depth - 1)?;
            } else if !images.iter().any(|image| image.digest() == entry.digest()) {
                images.push(entry.clone());
            }
        }
        Ok(())
    }

    /// The platform of the only image need not be named beside it, but its configuration has it.
    fn check_architecture(&self, image: &Descriptor, wanted: Architecture) -> Result<()> {
        let origin = self.source.origin();
        let manifest: ImageManifest = parse(origin, "manifest", &source::document(self.source, "manifest", image)?)?;
        let config = source::document(self.source, "configuration", manifest.config())?;
        let config: Value = parse(origin, "configuration", &config)?;
        let found = config["architecture"].as_str().unwrap_or("an unknown architecture");
        match found == wanted.goarch() {
            true => Ok(()),
            false => Err(no_image(origin, wanted, &format!("one for {found}"))),
        }
    }

    /// Writes the blobs of an image; returns its manifest.
    fn pack_image(&mut self, image: &Descriptor) -> Result<Vec<u8>> {
        let bytes = source::document(self.source, "manifest", image)?;
        let origin = self.source.origin();
        let manifest: ImageManifest = parse(origin, "manifest", &bytes)?;
        // Fields that the types do not have are kept.
        let mut document: Value = parse(origin, "manifest", &bytes)?;
        let mut changed = false;
        self.copy(manifest.config(), &format!("the configuration of {origin}"))?;
        for (at, layer) in manifest.layers().iter().enumerate() {
            changed |= self.pack_layer(layer, &mut document["layers"][at])?;
        }
        match changed {
            false => Ok(bytes),
            true => serde_json::to_vec(&document).map_err(build_error("manifest")),
        }
    }

    /// Writes the blob of a layer; returns whether its descriptor has changed.
    fn pack_layer(&mut self, layer: &Descriptor, entry: &mut Value) -> Result<bool> {
        let digest = descriptor_digest(self.source.origin(), layer)?;
        let what = layer_origin(self.source, &digest);
        let declared = declared_compression(layer.media_type());
        let content = layer_compression(self.source, layer)?;
        // What is not a layer is not packed.
        if declared.is_none() || content == Compression::Gzip {
            self.copy(layer, &what)?;
            let wrong_type = declared.is_some_and(|declared| declared != Compression::Gzip);
            if wrong_type {
                entry["mediaType"] = gzip_type(layer).into();
                self.changes.push(format!(
                    "{what} has the media type of gzip now, which it is compressed with"
                ));
            }
            return Ok(wrong_type);
        }
        let (packed, size) = self.compress(layer, content, &what)?;
        entry["mediaType"] = gzip_type(layer).into();
        entry["digest"] = packed.to_string().into();
        entry["size"] = size.into();
        if let Some(annotations) = entry["annotations"].as_object_mut() {
            annotations.retain(|key, _| !key.starts_with(ZSTD_ANNOTATIONS));
        }
        let instead = if content == Compression::Zstd {
            " instead of zstd"
        } else {
            ""
        };
        self.changes
            .push(format!("{what} is compressed with gzip{instead}, as {packed}"));
        Ok(true)
    }

    /// Copies a blob unchanged.
    fn copy(&self, blob: &Descriptor, what: &str) -> Result<()> {
        let path = self.blobs.join(descriptor_digest(self.source.origin(), blob)?.hex());
        if path.exists() {
            return Ok(());
        }
        let partial = temporary_file(&self.blobs)?;
        let mut writer = BufWriter::new(partial.as_file());
        self.read_blob(blob, Compression::None, what, &mut writer, partial.path())?;
        writer.flush().map_err(Error::io("write", partial.path()))?;
        drop(writer);
        let renamed = partial.persist(&path);
        renamed.map_err(|error| Error::io("write", &path)(error.error))?;
        Ok(())
    }

    /// Writes a layer compressed with gzip; returns the digest and the size of the new blob.
    fn compress(&self, layer: &Descriptor, content: Compression, what: &str) -> Result<(Digest, u64)> {
        let partial = temporary_file(&self.blobs)?;
        let failed = |error| Error::io("write", partial.path())(error);
        let mut gzip = Gzip::new(HashingIo::new(BufWriter::new(partial.as_file()))).map_err(failed)?;
        self.read_blob(layer, content, what, &mut gzip, partial.path())?;
        let (mut file, digest, size) = gzip.finish().map_err(failed)?.finish();
        file.flush().map_err(failed)?;
        drop(file);
        let path = self.blobs.join(digest.hex());
        let renamed = partial.persist(&path);
        renamed.map_err(|error| Error::io("write", &path)(error.error))?;
        Ok((digest, size))
    }

    /// Writes the decompressed content of a blob, which is verified, to `writer`, which writes the file `to`.
    fn read_blob(
        &self,
        blob: &Descriptor,
        compression: Compression,
        what: &str,
        writer: &mut dyn Write,
        to: &Path,
    ) -> Result<()> {
        let damaged = |reason: String| Error::damaged(what, reason);
        let digest = descriptor_digest(self.source.origin(), blob)?;
        let mut hashed = HashingIo::new(self.source.blob(&digest)?.reader);
        {
            let mut content = LimitedReader {
                inner: decompress(BufReader::with_capacity(1 << 16, &mut hashed), compression),
                left: MAX_UNCOMPRESSED_BYTES,
            };
            let mut buffer = vec![0; 1 << 16];
            loop {
                let count = content.read(&mut buffer).map_err(|error| damaged(error.to_string()))?;
                if count == 0 {
                    break;
                }
                writer.write_all(&buffer[..count]).map_err(Error::io("write", to))?;
            }
        }
        let (_, found, size) = hashed.finish();
        if size != blob.size() {
            return Err(damaged(format!("it has {size} bytes instead of {}", blob.size())));
        }
        if found != digest {
            return Err(damaged(format!("its digest is {found} instead of {digest}")));
        }
        Ok(())
    }
}

/// The media type of a layer after it was compressed with gzip, of the same family.
fn gzip_type(layer: &Descriptor) -> &'static str {
    let kind = layer.media_type().to_string();
    if kind.starts_with("application/vnd.docker.") {
        "application/vnd.docker.image.rootfs.diff.tar.gzip"
    } else if kind.contains(".nondistributable.") {
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
    } else {
        "application/vnd.oci.image.layer.v1.tar+gzip"
    }
}

#[cfg(test)]
mod tests;
