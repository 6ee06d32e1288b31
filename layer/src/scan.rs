//! Reads a layer in one pass: counts and hashes its compressed and uncompressed bytes, visits every entry, and verifies
//! the layer against its descriptor and Lambda's limits.

use std::io::{self, BufRead, BufReader, Read, copy, sink};

use oci_spec::image::{Descriptor, MediaType};

use crate::compression::decompress;
use crate::digest::{Digest, HashingIo};
use crate::document::descriptor_digest;
use crate::entries::{self, Entry, EntryKind};
use crate::source::Source;
use crate::{Compression, Error, Layer, Result};

/// The most uncompressed bytes of a layer, as a limit for decompression bombs. Lambda's limit for an image is 10 GB.
pub(crate) const MAX_UNCOMPRESSED_BYTES: u64 = 10 * 1024 * 1024 * 1024;

/// The compression that a media type declares; none if it is not that of a layer.
pub(crate) fn declared_compression(kind: &MediaType) -> Option<Compression> {
    match kind.to_string().as_str() {
        "application/vnd.oci.image.layer.v1.tar+gzip"
        | "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
        | "application/vnd.docker.image.rootfs.diff.tar.gzip"
        | "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" => Some(Compression::Gzip),
        "application/vnd.oci.image.layer.v1.tar+zstd" | "application/vnd.docker.image.rootfs.diff.tar.zstd" => {
            Some(Compression::Zstd)
        }
        "application/vnd.oci.image.layer.v1.tar"
        | "application/vnd.oci.image.layer.nondistributable.v1.tar"
        | "application/vnd.docker.image.rootfs.diff.tar" => Some(Compression::None),
        _ => None,
    }
}

/// Reads the blob of a layer to its end, and calls `visit` for each entry with its content. Errors call the blob
/// `origin`. `created_by` of the result is empty.
///
/// # Errors
/// The blob is not a layer, is truncated, has trailing data, exceeds Lambda's limit when uncompressed, or has an entry
/// that is refused; or `visit` fails.
pub fn scan(
    origin: &str,
    blob: impl Read,
    compression: Compression,
    visit: &mut dyn FnMut(&Entry, &mut dyn Read) -> Result<()>,
) -> Result<Layer> {
    let failed = |error: io::Error| Error::damaged(origin, error);
    let mut blob = BufReader::with_capacity(64 * 1024, HashingIo::new(blob));
    let mut uncompressed_bytes = 0;
    let diff_id = {
        let mut archive = HashingIo::new(LimitedReader {
            inner: decompress(&mut blob, compression),
            left: MAX_UNCOMPRESSED_BYTES,
        });
        entries::for_each(origin, &mut archive, &mut |entry, _, content| {
            if entry.kind == EntryKind::File {
                uncompressed_bytes += entry.size;
            }
            visit(entry, content)
        })?;
        // The diff ID includes data after the end of the archive.
        copy(&mut archive, &mut sink()).map_err(failed)?;
        let (_, diff_id, _) = archive.finish();
        diff_id
    };
    if !blob.fill_buf().map_err(failed)?.is_empty() {
        return Err(Error::damaged(origin, "it has trailing data"));
    }
    let (_, digest, compressed_bytes) = blob.into_inner().finish();
    Ok(Layer {
        digest,
        diff_id,
        compressed_bytes,
        uncompressed_bytes,
        created_by: String::new(),
    })
}

/// Reads the layer of a descriptor to its end, and verifies its digest and size. Its compression is that of its content,
/// as for container engines, and not that of its media type.
pub(crate) fn read_layer(
    source: &dyn Source,
    layer: &Descriptor,
    visit: &mut dyn FnMut(&Entry, &mut dyn Read) -> Result<()>,
) -> Result<Layer> {
    let digest = descriptor_digest(source.origin(), layer)?;
    let origin = layer_origin(source, &digest);
    let kind = layer.media_type();
    if declared_compression(kind).is_none() {
        let reason = format!("its media type {kind} is not that of a layer");
        return Err(Error::damaged(&origin, reason));
    }
    let compression = layer_compression(source, layer)?;
    let blob = source.blob(&digest)?;
    if blob.size != layer.size() {
        let reason = format!("it has {} bytes instead of {}", blob.size, layer.size());
        return Err(Error::damaged(&origin, reason));
    }
    let scanned = scan(&origin, blob.reader, compression, visit)?;
    if scanned.digest != digest {
        let reason = format!("its digest is {}", scanned.digest);
        return Err(Error::damaged(&origin, reason));
    }
    Ok(scanned)
}

/// The compression of a layer's content.
pub(crate) fn layer_compression(source: &dyn Source, layer: &Descriptor) -> Result<Compression> {
    let digest = descriptor_digest(source.origin(), layer)?;
    detect_compression(source.origin(), source.blob(&digest)?.reader)
}

pub(crate) fn detect_compression(origin: &str, reader: impl Read) -> Result<Compression> {
    let mut start = Vec::new();
    let read = reader.take(Compression::MAGIC_LENGTH).read_to_end(&mut start);
    read.map_err(|error| Error::damaged(origin, error))?;
    Ok(Compression::detect(&start))
}

/// The name of a layer in errors.
pub(crate) fn layer_origin(source: &dyn Source, digest: &Digest) -> String {
    format!("the layer {digest} of {}", source.origin())
}

/// A reader that fails after too many bytes.
pub(crate) struct LimitedReader<R> {
    pub(crate) inner: R,
    pub(crate) left: u64,
}

impl<R: Read> Read for LimitedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => {
                let reason = "it exceeds Lambda's limit of 10 GB when uncompressed";
                return Err(io::Error::other(reason));
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;
    use tar::EntryType;

    use super::*;
    use crate::entries::tests::raw_entry;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn archive() -> Vec<u8> {
        let mut archive = raw_entry(EntryType::Regular, b"a", b"", &[7; 700]);
        archive.extend([0; 1024]);
        archive
    }

    fn scan_blob(blob: &[u8], compression: Compression) -> Result<Layer> {
        scan("the test", blob, compression, &mut |_, _| Ok(()))
    }

    #[test]
    fn scan_computes_digests_and_sizes_of_gzip_and_plain_layers() {
        let archive = archive();
        // Some tools write several members, and padding after the end of the archive.
        let (first, second) = archive.split_at(600);
        let members = [gzip(first), gzip(second)].concat();
        let found = scan_blob(&members, Compression::Gzip).unwrap();
        assert_eq!(found.digest, Digest::of(&members));
        assert_eq!(found.diff_id, Digest::of(&archive));
        assert_eq!(found.compressed_bytes, members.len() as u64);
        assert_eq!(found.uncompressed_bytes, 700);
        let plain = scan_blob(&archive, Compression::None).unwrap();
        assert_eq!(plain.digest, plain.diff_id);
        assert_eq!(plain.compressed_bytes, archive.len() as u64);
    }

    #[test]
    fn truncated_or_trailing_data_is_damaged() {
        let blob = gzip(&archive());
        for end in [0, 5, blob.len() / 2, blob.len() - 1] {
            let error = scan_blob(&blob[..end], Compression::Gzip).unwrap_err();
            assert!(matches!(error, Error::Damaged { .. }), "{end}: {error}");
        }
        let longer = [blob.as_slice(), b"more"].concat();
        assert!(scan_blob(&longer, Compression::Gzip).is_err());
    }

    #[test]
    fn decompression_bomb_is_rejected() {
        let mut reader = LimitedReader {
            inner: io::repeat(0),
            left: 1 << 20,
        };
        let error = copy(&mut reader, &mut sink()).unwrap_err();
        assert!(error.to_string().contains("10 GB"), "{error}");
    }
}
