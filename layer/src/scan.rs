//! Reading a layer to its end, once: its bytes are counted and hashed, packed and unpacked, and
//! every entry is handed on. What is read is held to its descriptor and to what Lambda takes.

use std::io::{self, BufRead, BufReader, Read, copy, sink};

use flate2::bufread::MultiGzDecoder;
use oci_spec::image::{Descriptor, MediaType};

use crate::digest::{Digest, Hashing};
use crate::document::digest_of;
use crate::entries::{self, Entry, Kind};
use crate::source::Source;
use crate::{Error, Layer, Result};

/// The most bytes that a layer may unpack to: what Lambda takes of a whole image. More is a bomb.
const MOST_UNPACKED: u64 = 10 * 1024 * 1024 * 1024;

/// How the tar archive of a layer is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    None,
    /// gzip, in one member or several.
    Gzip,
}

/// How the layer of a media type is packed, if we know.
pub(crate) fn packing(kind: &MediaType) -> Option<Packing> {
    match kind.to_string().as_str() {
        "application/vnd.oci.image.layer.v1.tar+gzip"
        | "application/vnd.docker.image.rootfs.diff.tar.gzip"
        | "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" => Some(Packing::Gzip),
        "application/vnd.oci.image.layer.v1.tar"
        | "application/vnd.docker.image.rootfs.diff.tar" => Some(Packing::None),
        _ => None,
    }
}

/// Reads the blob of a layer to its end, and calls `visit` for each entry with its content.
/// `origin` is what errors call it. Nothing in a blob says what made it.
///
/// # Errors
/// It is no layer, is cut off, goes on after its end, unpacks to more than Lambda takes, or an entry of
/// it is refused; or `visit` fails.
pub fn scan(
    origin: &str,
    blob: impl Read,
    packing: Packing,
    visit: &mut dyn FnMut(&Entry, &mut dyn Read) -> Result<()>,
) -> Result<Layer> {
    let failed = |error: io::Error| Error::damaged(origin, error);
    let mut blob = BufReader::with_capacity(64 * 1024, Hashing::new(blob));
    let mut unpacked_bytes = 0;
    let diff_id = {
        let unpacked: Box<dyn Read + '_> = match packing {
            Packing::None => Box::new(&mut blob),
            Packing::Gzip => Box::new(MultiGzDecoder::new(&mut blob)),
        };
        let mut archive = Hashing::new(Bounded {
            inner: unpacked,
            left: MOST_UNPACKED,
        });
        entries::for_each(origin, &mut archive, &mut |entry, _, content| {
            if entry.kind == Kind::File {
                unpacked_bytes += entry.bytes;
            }
            visit(entry, content)
        })?;
        // What follows the archive's end belongs to the digest of what is packed, too.
        copy(&mut archive, &mut sink()).map_err(failed)?;
        let (_, diff_id, _) = archive.finish();
        diff_id
    };
    if !blob.fill_buf().map_err(failed)?.is_empty() {
        return Err(Error::damaged(origin, "it goes on after its end"));
    }
    let (_, digest, packed_bytes) = blob.into_inner().finish();
    Ok(Layer {
        digest,
        diff_id,
        packed_bytes,
        unpacked_bytes,
        created_by: String::new(),
    })
}

/// Reads the layer of a descriptor to its end, which must have the digest and the size that the
/// descriptor says.
pub(crate) fn read_layer(
    source: &dyn Source,
    layer: &Descriptor,
    visit: &mut dyn FnMut(&Entry, &mut dyn Read) -> Result<()>,
) -> Result<Layer> {
    let digest = digest_of(source.origin(), layer)?;
    let origin = layer_of(source, &digest);
    let kind = layer.media_type();
    let Some(packing) = packing(kind) else {
        let reason = format!("its media type is {kind}; this reads tar, plain or with gzip");
        return Err(Error::damaged(&origin, reason));
    };
    let blob = source.blob(&digest)?;
    if blob.bytes != layer.size() {
        let reason = format!("it has {} bytes instead of {}", blob.bytes, layer.size());
        return Err(Error::damaged(&origin, reason));
    }
    let scanned = scan(&origin, blob.reader, packing, visit)?;
    if scanned.digest != digest {
        let reason = format!("its digest is {}", scanned.digest);
        return Err(Error::damaged(&origin, reason));
    }
    Ok(scanned)
}

/// What errors call a layer of a source.
pub(crate) fn layer_of(source: &dyn Source, digest: &Digest) -> String {
    format!("the layer {digest} of {}", source.origin())
}

/// A reader that fails when more comes than may.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => {
                let reason = "it unpacks to more than the 10 GB that Lambda takes";
                return Err(io::Error::other(reason));
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tar::EntryType;

    use super::*;
    use crate::entries::tests::raw;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    fn archive() -> Vec<u8> {
        let mut archive = raw(EntryType::Regular, b"a", b"", &[7; 700]);
        archive.extend([0; 1024]);
        archive
    }

    fn scanned(blob: &[u8], packing: Packing) -> Result<Layer> {
        scan("the test", blob, packing, &mut |_, _| Ok(()))
    }

    #[test]
    fn a_layer_is_known_after_one_pass_however_it_is_packed() {
        let archive = archive();
        // Two members, and an archive that goes on after its end, as some tools write it.
        let (first, second) = archive.split_at(600);
        let members = [packed(first), packed(second)].concat();
        let found = scanned(&members, Packing::Gzip).unwrap();
        assert_eq!(found.digest, Digest::of(&members));
        assert_eq!(found.diff_id, Digest::of(&archive));
        assert_eq!(found.packed_bytes, members.len() as u64);
        assert_eq!(found.unpacked_bytes, 700);
        let plain = scanned(&archive, Packing::None).unwrap();
        assert_eq!(plain.digest, plain.diff_id);
        assert_eq!(plain.packed_bytes, archive.len() as u64);
    }

    #[test]
    fn what_is_cut_off_or_goes_on_is_damaged() {
        let blob = packed(&archive());
        for end in [0, 5, blob.len() / 2, blob.len() - 1] {
            let error = scanned(&blob[..end], Packing::Gzip).unwrap_err();
            assert!(matches!(error, Error::Damaged { .. }), "{end}: {error}");
        }
        let longer = [blob.as_slice(), b"more"].concat();
        assert!(scanned(&longer, Packing::Gzip).is_err());
    }

    #[test]
    fn a_bomb_is_given_up() {
        let mut reader = Bounded {
            inner: io::repeat(0),
            left: 1 << 20,
        };
        let error = copy(&mut reader, &mut sink()).unwrap_err();
        assert!(error.to_string().contains("10 GB"), "{error}");
    }
}
