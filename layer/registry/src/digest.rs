//! Digests as registries write them: computed while bytes pass, and checked before one becomes
//! part of a path or an address.

use sha2::{Digest as _, Sha256};

use layer::Digest;

/// The hash and the count of bytes that passed.
#[derive(Clone, Default)]
pub(crate) struct Sum {
    hash: Sha256,
    /// How many bytes passed.
    pub bytes: u64,
}

impl Sum {
    pub fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// The digest of all that passed.
    pub fn digest(&self) -> String {
        Digest::from_hash(self.hash.clone()).to_string()
    }
}

/// The digest of bytes.
pub(crate) fn of(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

/// The digits of a digest; none if it is another kind of digest, or something that would lead a
/// path elsewhere.
pub(crate) fn digits(digest: &str) -> Option<&str> {
    digest.parse::<Digest>().ok()?;
    digest.strip_prefix("sha256:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_in_parts_is_the_sum_of_all() {
        let mut sum = Sum::default();
        sum.add(b"a");
        sum.add(b"bc");
        assert_eq!((sum.digest(), sum.bytes), (of(b"abc"), 3));
        // FIPS 180-2, appendix B.1.
        assert!(sum.digest().starts_with("sha256:ba7816bf8f01cfea"));
    }

    #[test]
    fn only_whole_digests_pass() {
        let good = of(b"");
        assert_eq!(digits(&good), good.strip_prefix("sha256:"));
        let bad = [
            "",
            "sha256:",
            "sha256:../../../../etc/passwd",
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            &good[..70],
            &format!("{good}0"),
            &good.to_uppercase(),
            &good.replace("sha256:e", "sha256:/"),
        ];
        for digest in bad {
            assert_eq!(digits(digest), None, "{digest}");
        }
    }
}
