//! Checks the length of a downloaded object, and its MD5 digest if S3 provides one. HTTP detects a truncated body,
//! but not a wrong length or changed bytes.

use http::HeaderMap;
use http::header::ETAG;
use md5::{Digest, Md5};

/// With SSE-S3, the `ETag` is still a digest of the content.
const ENCRYPTION_HEADER: &str = "x-amz-server-side-encryption";
const SSE_S3: &[u8] = b"AES256";
/// A header of responses for objects that are encrypted with a customer-provided key.
const SSE_C_HEADER: &str = "x-amz-server-side-encryption-customer-algorithm";

/// The MD5 digest of an object, from the response headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentMd5([u8; 16]);

impl ContentMd5 {
    /// Source: Amazon S3 API Reference, "Object": the `ETag` is not a digest of the content if the object was
    /// uploaded in parts, which a hyphen indicates, or encrypted with other keys than S3's own.
    pub(super) fn from_headers(headers: &HeaderMap) -> Option<Self> {
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
        Some(Self(number.to_be_bytes()))
    }
}

/// `bytes` is the expected length.
pub(super) fn integrity_error(content: &[u8], bytes: u64, md5: Option<&ContentMd5>) -> Option<String> {
    let received = content.len();
    if received as u64 != bytes {
        return Some(format!("received {received} of {bytes} bytes"));
    }
    let intact = md5.is_none_or(|md5| Md5::digest(content)[..] == md5.0);
    (!intact).then(|| format!("the {received} bytes received do not match the ETag"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5_OF_ABC: &str = "\"900150983cd24fb0d6963f7d28e17f72\"";

    fn md5_of(headers: &[(&'static str, &str)]) -> Option<ContentMd5> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        ContentMd5::from_headers(&headers.collect())
    }

    #[test]
    fn etag_is_used_only_if_it_is_an_md5_digest() {
        let digest = md5_of(&[("etag", MD5_OF_ABC)]);
        assert!(digest.is_some());
        assert_eq!(md5_of(&[("etag", MD5_OF_ABC), (ENCRYPTION_HEADER, "AES256")]), digest);
        for headers in [
            &[][..],
            &[("etag", "\"e\"")],
            &[("etag", "\"900150983cd24fb0d6963f7d28e17f72-3\"")],
            &[("etag", "\"+00150983cd24fb0d6963f7d28e17f72\"")],
            &[("etag", MD5_OF_ABC), (ENCRYPTION_HEADER, "aws:kms")],
            &[("etag", MD5_OF_ABC), (SSE_C_HEADER, "AES256")],
        ] {
            assert_eq!(md5_of(headers), None, "{headers:?}");
        }
    }

    #[test]
    fn changed_or_truncated_content_is_detected() {
        let digest = md5_of(&[("etag", MD5_OF_ABC)]);
        assert_eq!(integrity_error(b"abc", 3, digest.as_ref()), None);
        assert_eq!(integrity_error(b"abd", 3, None), None);
        for (content, bytes) in [(&b"abd"[..], 3), (b"ab", 2), (b"ab", 3), (b"abc", 2)] {
            assert!(integrity_error(content, bytes, digest.as_ref()).is_some());
        }
    }
}
