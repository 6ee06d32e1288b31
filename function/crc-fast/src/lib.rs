//! The checksums that S3 supports, with the part of the crate `crc-fast`'s API that `object_store` (and, in tests, the
//! S3 server) uses.
//!
//! `crc-fast` contains tables for fifty checksums, 680 KB that cannot be compressed, and a binary contains all of them,
//! because the algorithm is selected at run time. This crate has three, from the crate `crc`, with one small table
//! each. They are slower, which affects only those who request a checksum (`AWS_CHECKSUM_ALGORITHM`): a few
//! milliseconds for a photo.

use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_64_NVME, Crc};

static ISO_HDLC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
static ISCSI: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
static NVME: Crc<u64> = Crc::<u64>::new(&CRC_64_NVME);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// S3's `CRC32`.
    Crc32IsoHdlc,
    /// S3's `CRC32C`.
    Crc32Iscsi,
    /// S3's `CRC64NVME`.
    Crc64Nvme,
}

#[derive(Clone)]
pub struct Digest(State);

#[derive(Clone)]
enum State {
    Crc32(crc::Digest<'static, u32>),
    Crc64(crc::Digest<'static, u64>),
}

impl Digest {
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => State::Crc32(ISO_HDLC.digest()),
            CrcAlgorithm::Crc32Iscsi => State::Crc32(ISCSI.digest()),
            CrcAlgorithm::Crc64Nvme => State::Crc64(NVME.digest()),
        })
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(digest) => digest.update(bytes),
            State::Crc64(digest) => digest.update(bytes),
        }
    }

    /// A 32-bit checksum is in the lower half.
    pub fn finalize(&self) -> u64 {
        match self.0.clone() {
            State::Crc32(digest) => digest.finalize().into(),
            State::Crc64(digest) => digest.finalize(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_match_the_catalogue() {
        // Greg Cook, Catalogue of parametrised CRC algorithms: the check value of each.
        for (algorithm, expected) in [
            (CrcAlgorithm::Crc32IsoHdlc, 0xcbf4_3926),
            (CrcAlgorithm::Crc32Iscsi, 0xe306_9283),
            (CrcAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888),
        ] {
            let mut digest = Digest::new(algorithm);
            digest.update(b"1234");
            digest.update(b"56789");
            assert_eq!(digest.finalize(), expected, "{algorithm:?}");
        }
    }
}
