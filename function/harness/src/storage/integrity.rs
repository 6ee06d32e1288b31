//! Checks the length of a downloaded object, its MD5 digest if the `ETag` is one, and every checksum that S3 sends.
//! HTTP detects a truncated body, but not a wrong length or changed bytes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use crc::{CRC_32_ISCSI, CRC_64_NVME, Crc, Table};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, ETAG};
use md5::{Digest, Md5};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest};
use twox_hash::{XxHash3_64, XxHash3_128, XxHash64};

/// With SSE-S3, the `ETag` is still a digest of the content.
const ENCRYPTION_HEADER: &str = "x-amz-server-side-encryption";
const SSE_S3: &[u8] = b"AES256";
/// A header of responses for objects that are encrypted with a customer-provided key.
const SSE_C_HEADER: &str = "x-amz-server-side-encryption-customer-algorithm";
/// `COMPOSITE` checksums are checksums of the checksums of an object's parts.
const CHECKSUM_TYPE: &str = "x-amz-checksum-type";
const COMPOSITE: &[u8] = b"COMPOSITE";

// S3 computes the second for every object that is uploaded without a checksum. With tables for 16 bytes at a time both
// take less time than the MD5 digest.
static CRC32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);
static CRC64_NVME: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_NVME);

/// Source: Amazon S3 User Guide, "Checking object integrity in Amazon S3".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Md5,
    Sha1,
    Sha256,
    Sha512,
    XxHash64,
    XxHash3,
    XxHash128,
}

const CHECKSUM_HEADERS: [(&str, Algorithm); 10] = [
    ("x-amz-checksum-crc32", Algorithm::Crc32),
    ("x-amz-checksum-crc32c", Algorithm::Crc32c),
    ("x-amz-checksum-crc64nvme", Algorithm::Crc64Nvme),
    ("x-amz-checksum-md5", Algorithm::Md5),
    ("x-amz-checksum-sha1", Algorithm::Sha1),
    ("x-amz-checksum-sha256", Algorithm::Sha256),
    ("x-amz-checksum-sha512", Algorithm::Sha512),
    ("x-amz-checksum-xxhash64", Algorithm::XxHash64),
    ("x-amz-checksum-xxhash3", Algorithm::XxHash3),
    ("x-amz-checksum-xxhash128", Algorithm::XxHash128),
];

impl Algorithm {
    fn compute(self, content: &[u8]) -> Vec<u8> {
        match self {
            Self::Crc32 => crc32fast::hash(content).to_be_bytes().to_vec(),
            Self::Crc32c => CRC32C.checksum(content).to_be_bytes().to_vec(),
            Self::Crc64Nvme => CRC64_NVME.checksum(content).to_be_bytes().to_vec(),
            Self::Md5 => Md5::digest(content).to_vec(),
            Self::Sha1 => digest(&SHA1_FOR_LEGACY_USE_ONLY, content).as_ref().to_vec(),
            Self::Sha256 => digest(&SHA256, content).as_ref().to_vec(),
            Self::Sha512 => digest(&SHA512, content).as_ref().to_vec(),
            Self::XxHash64 => XxHash64::oneshot(0, content).to_be_bytes().to_vec(),
            Self::XxHash3 => XxHash3_64::oneshot(content).to_be_bytes().to_vec(),
            Self::XxHash128 => XxHash3_128::oneshot(content).to_be_bytes().to_vec(),
        }
    }
}

/// What the headers of a response say about its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExpectedContent {
    /// In bytes.
    pub(super) length: u64,
    md5: Option<[u8; 16]>,
    checksums: Vec<(&'static str, Algorithm, Vec<u8>)>,
}

impl ExpectedContent {
    /// Of content that may differ from the object whose `ETag` and checksums the headers have. `None` without a length.
    pub(super) fn with_length_only(headers: &HeaderMap) -> Option<Self> {
        Some(Self {
            length: content_length(headers)?,
            md5: None,
            checksums: Vec::new(),
        })
    }

    /// `None` without a valid length, which S3 always sends. `etag_is_md5` is false for buckets whose `ETag`s are not
    /// digests.
    pub(super) fn from_headers(headers: &HeaderMap, etag_is_md5: bool) -> Option<Self> {
        let is_composite = headers
            .get(CHECKSUM_TYPE)
            .is_some_and(|kind| kind.as_bytes() == COMPOSITE);
        let checksums = CHECKSUM_HEADERS.into_iter().filter_map(|(name, algorithm)| {
            // Old composite checksums have no type; they end in the number of parts, as in `AAAAAA==-3`.
            let value = BASE64_STANDARD.decode(headers.get(name)?).ok()?;
            Some((name, algorithm, value))
        });
        Some(Self {
            length: content_length(headers)?,
            md5: etag_is_md5.then(|| content_md5(headers)).flatten(),
            checksums: if is_composite { Vec::new() } else { checksums.collect() },
        })
    }

    /// The reason why `content` is not what S3 sent.
    pub(super) fn mismatch(&self, content: &[u8]) -> Option<String> {
        let (received, expected) = (content.len(), self.length);
        if received as u64 != expected {
            return Some(format!("received {received} of {expected} bytes"));
        }
        let changed = self
            .checksums
            .iter()
            .find(|(_, algorithm, value)| algorithm.compute(content) != *value);
        let changed = match (changed, self.md5) {
            (Some((name, ..)), _) => name,
            (None, Some(md5)) if Md5::digest(content)[..] != md5 => "ETag",
            _ => return None,
        };
        Some(format!("the {received} bytes received do not match the {changed}"))
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The MD5 digest of an object. Source: Amazon S3 API Reference, "Object": the `ETag` is not a digest of the content if
/// the object was uploaded in parts, which a hyphen indicates, or encrypted with other keys than S3's own.
fn content_md5(headers: &HeaderMap) -> Option<[u8; 16]> {
    let encryption = headers.get(ENCRYPTION_HEADER);
    let encrypted_by_s3 = encryption.is_none_or(|how| how.as_bytes() == SSE_S3);
    if !encrypted_by_s3 || headers.contains_key(SSE_C_HEADER) {
        return None;
    }
    let digits = headers.get(ETAG)?.to_str().ok()?;
    let digits = digits.strip_prefix('"')?.strip_suffix('"')?;
    if digits.len() != 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let number = u128::from_str_radix(digits, 16).ok()?;
    Some(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: (&str, &str) = ("content-length", "3");
    const MD5_OF_ABC: (&str, &str) = ("etag", "\"900150983cd24fb0d6963f7d28e17f72\"");

    fn expected(headers: &[(&'static str, &str)], etag_is_md5: bool) -> Option<ExpectedContent> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        ExpectedContent::from_headers(&headers.collect(), etag_is_md5)
    }

    #[test]
    fn etag_is_used_only_if_it_is_an_md5_digest() {
        let md5_of = |headers: &[(&'static str, &str)]| expected(&[headers, &[LENGTH]].concat(), true).unwrap().md5;
        let digest = md5_of(&[MD5_OF_ABC]);
        assert!(digest.is_some());
        assert_eq!(md5_of(&[MD5_OF_ABC, (ENCRYPTION_HEADER, "AES256")]), digest);
        for headers in [
            &[][..],
            &[("etag", "\"e\"")],
            &[("etag", "\"900150983cd24fb0d6963f7d28e17f72-3\"")],
            &[("etag", "\"+00150983cd24fb0d6963f7d28e17f72\"")],
            &[MD5_OF_ABC, (ENCRYPTION_HEADER, "aws:kms")],
            &[MD5_OF_ABC, (SSE_C_HEADER, "AES256")],
        ] {
            assert_eq!(md5_of(headers), None, "{headers:?}");
        }
        assert_eq!(expected(&[MD5_OF_ABC, LENGTH], false).unwrap().md5, None);
    }

    #[test]
    fn changed_or_truncated_content_is_detected() {
        let expected = expected(&[MD5_OF_ABC, LENGTH], true).unwrap();
        assert_eq!(expected.mismatch(b"abc"), None);
        for content in [&b"abd"[..], b"ab", b"abcd"] {
            assert!(expected.mismatch(content).is_some());
        }
    }

    #[test]
    fn length_must_be_a_number() {
        for headers in [
            &[MD5_OF_ABC][..],
            &[("content-length", "x")],
            &[("content-length", "-1")],
        ] {
            assert_eq!(expected(headers, true), None);
        }
    }

    #[test]
    fn every_checksum_of_s3_is_verified() {
        // The values of `aws s3api head-object --checksum-mode ENABLED` have this form: base64 of big-endian bytes. The
        // check values of the CRCs are from Greg Cook, Catalogue of parametrised CRC algorithms; the others are those of
        // Python's hashlib and xxhash.
        let crc = |value: &[u8]| BASE64_STANDARD.encode(value);
        for (name, checksum) in [
            ("x-amz-checksum-crc32", crc(&0xcbf4_3926_u32.to_be_bytes())),
            ("x-amz-checksum-crc32c", crc(&0xe306_9283_u32.to_be_bytes())),
            (
                "x-amz-checksum-crc64nvme",
                crc(&0xae8b_1486_0a79_9888_u64.to_be_bytes()),
            ),
            ("x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE=".to_owned()),
            (
                "x-amz-checksum-sha256",
                "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=".to_owned(),
            ),
            (
                "x-amz-checksum-sha512",
                "2eZ2LdHI6vbWGzxhkvxAjU1tXxF20MKRabwk5xw/J0rSf81YEbMT1oH35V7ALXPUmclUVba1u1A6z1dPuo/+hQ==".to_owned(),
            ),
            ("x-amz-checksum-md5", "JfnnlDI7RTiF9RgfG2JNCw==".to_owned()),
            ("x-amz-checksum-xxhash64", "jLhB20DmroM=".to_owned()),
            ("x-amz-checksum-xxhash3", "ctyxi2ehff8=".to_owned()),
            ("x-amz-checksum-xxhash128", "MxGUd+3l3NXpcWQnaB1YYA==".to_owned()),
        ] {
            let headers = [("content-length", "9"), (name, checksum.as_str())];
            let found = expected(&headers, true).unwrap();
            assert_eq!(found.mismatch(b"123456789"), None, "{name}");
            let reason = found.mismatch(b"123456780").unwrap();
            assert!(reason.ends_with(name), "{reason}");
            // The checksum of checksums of parts cannot be verified.
            let composite = [&headers[..], &[(CHECKSUM_TYPE, "COMPOSITE")]].concat();
            assert_eq!(expected(&composite, true).unwrap().mismatch(b"123456780"), None);
            let numbered = format!("{checksum}-3");
            let old = [("content-length", "9"), (name, numbered.as_str())];
            assert_eq!(expected(&old, true).unwrap().mismatch(b"123456780"), None);
        }
    }
}
