//! The SHA-256 digest that names a blob, and readers and writers that compute it.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use oci_spec::image::Descriptor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;

use crate::Error;

/// A SHA-256 digest, which OCI writes as `sha256:` and 64 hexadecimal digits. The specification's other algorithms are
/// not in use, and are refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The SHA-256 digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(<Sha256 as sha2::Digest>::digest(bytes).into())
    }

    /// The hexadecimal digits, which are the name of the blob's file.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || {
            let text: String = text.chars().take(100).collect();
            let what = "is not a digest; write `sha256:` and 64 lowercase hexadecimal digits";
            Error::Other(format!("`{text}` {what}"))
        };
        let digits = text.strip_prefix("sha256:").ok_or_else(refused)?;
        if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(refused());
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| refused())?;
        Ok(Self(bytes))
    }
}

impl TryFrom<&Descriptor> for Digest {
    type Error = Error;

    fn try_from(descriptor: &Descriptor) -> Result<Self, Error> {
        descriptor.digest().as_ref().parse()
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Computes the digest and the size of a stream of bytes.
#[derive(Clone, Default)]
pub struct RunningDigest {
    hash: Sha256,
    bytes: u64,
}

#[expect(missing_docs, reason = "the names are self-explanatory")]
impl RunningDigest {
    /// Reads `reader` to its end.
    pub fn from_reader(reader: &mut (impl Read + ?Sized)) -> io::Result<Self> {
        let mut digest_state = Self::default();
        io::copy(reader, &mut digest_state)?;
        Ok(digest_state)
    }

    pub fn update(&mut self, bytes: &[u8]) {
        sha2::Digest::update(&mut self.hash, bytes);
        self.bytes += bytes.len() as u64;
    }

    pub fn size(&self) -> u64 {
        self.bytes
    }

    pub fn digest(&self) -> Digest {
        Digest(sha2::Digest::finalize(self.hash.clone()).into())
    }
}

impl Write for RunningDigest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A reader or writer that computes the digest and size of the bytes that pass through.
pub(crate) struct HashingIo<T> {
    inner: T,
    digest_state: RunningDigest,
}

impl<T> HashingIo<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self {
            inner,
            digest_state: RunningDigest::default(),
        }
    }

    /// Returns the inner reader or writer, the digest and the size in bytes.
    pub(crate) fn finish(self) -> (T, Digest, u64) {
        (self.inner, self.digest_state.digest(), self.digest_state.bytes)
    }
}

impl<W: Write> Write for HashingIo<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        self.digest_state.update(&buffer[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for HashingIo<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.digest_state.update(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FIPS 180-2, appendix B.1.
    const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn bytes_are_counted_and_hashed() {
        let mut writer = HashingIo::new(Vec::new());
        writer.write_all(b"abc").unwrap();
        let (inner, digest, bytes) = writer.finish();
        assert_eq!((inner.as_slice(), bytes), (b"abc".as_slice(), 3));
        assert_eq!(digest.to_string(), ABC);

        let mut reader = HashingIo::new(b"abc".as_slice());
        io::copy(&mut reader, &mut io::sink()).unwrap();
        assert_eq!(reader.finish().1, Digest::of(b"abc"));
    }

    #[test]
    fn digest_round_trips_and_invalid_ones_are_rejected() {
        assert_eq!(ABC.parse::<Digest>().unwrap().to_string(), ABC);
        let upper = ABC.to_uppercase();
        let sha512 = format!("sha512:{}", "a".repeat(128));
        for text in ["", "sha256:", &ABC[7..], &ABC[..70], &upper, &sha512] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
        // A digest is used as a file name, so path traversal must be rejected.
        let path = format!("sha256:../../{}", "a".repeat(58));
        assert!(path.parse::<Digest>().is_err());
    }
}
