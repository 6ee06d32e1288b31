//! Whether what came of an object is what the storage has: as long, and with the same MD5 digest where
//! S3 names it. HTTP notices an end that comes too early, but no length that is wrong, and no bytes
//! that were changed on the way.

use http::HeaderMap;
use http::header::ETAG;
use md5::{Digest, Md5};

/// How S3 has encrypted an object; with its own keys the `ETag` still is a digest of the content.
const ENCRYPTION: &str = "x-amz-server-side-encryption";
const OWN_KEYS: &[u8] = b"AES256";
/// In the answer for an object that was encrypted with a key of the sender's.
const SENDERS_KEY: &str = "x-amz-server-side-encryption-customer-algorithm";

/// The MD5 digest of an object, as an answer's headers name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named([u8; 16]);

impl Named {
    /// The digest that is the `ETag`, where it is one. Source: Amazon S3 API Reference, "Object": it is no
    /// digest of the content if the object was uploaded in parts, which a hyphen tells, or encrypted
    /// otherwise than with S3's own keys.
    pub(super) fn by(headers: &HeaderMap) -> Option<Self> {
        let encryption = headers.get(ENCRYPTION);
        let own_keys = encryption.is_none_or(|how| how.as_bytes() == OWN_KEYS);
        if !own_keys || headers.contains_key(SENDERS_KEY) {
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

/// What is wrong with the content of an object that has so many bytes, if anything.
pub(super) fn wrong(content: &[u8], bytes: u64, named: Option<&Named>) -> Option<String> {
    let came = content.len();
    if came as u64 != bytes {
        return Some(format!("{came} of its {bytes} bytes came"));
    }
    let intact = named.is_none_or(|named| Md5::digest(content)[..] == named.0);
    (!intact).then(|| format!("the {came} bytes that came are not those of its ETag"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_ABC: &str = "\"900150983cd24fb0d6963f7d28e17f72\"";

    fn named(headers: &[(&'static str, &str)]) -> Option<Named> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Named::by(&headers.collect())
    }

    #[test]
    fn a_digest_is_known_where_the_etag_is_one() {
        let digest = named(&[("etag", OF_ABC)]);
        assert!(digest.is_some());
        assert_eq!(named(&[("etag", OF_ABC), (ENCRYPTION, "AES256")]), digest);
        for headers in [
            &[][..],
            &[("etag", "\"e\"")],
            &[("etag", "\"900150983cd24fb0d6963f7d28e17f72-3\"")],
            &[("etag", "\"+00150983cd24fb0d6963f7d28e17f72\"")],
            &[("etag", OF_ABC), (ENCRYPTION, "aws:kms")],
            &[("etag", OF_ABC), (SENDERS_KEY, "AES256")],
        ] {
            assert_eq!(named(headers), None, "{headers:?}");
        }
    }

    #[test]
    fn other_bytes_and_fewer_are_wrong() {
        let digest = named(&[("etag", OF_ABC)]);
        assert_eq!(wrong(b"abc", 3, digest.as_ref()), None);
        assert_eq!(wrong(b"abd", 3, None), None);
        for (content, bytes) in [(&b"abd"[..], 3), (b"ab", 2), (b"ab", 3), (b"abc", 2)] {
            assert!(wrong(content, bytes, digest.as_ref()).is_some());
        }
    }
}
