//! Digests of an artefact's files: SPDX requires SHA-1, other tools expect SHA-256.

use std::borrow::Cow;

use anyhow::Result;
use fs_err as fs;
use layer::Content;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Digests of a file, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashes {
    pub sha1: String,
    pub sha256: String,
}

impl Hashes {
    pub fn of(content: &Content) -> Result<Self> {
        let bytes = match content {
            Content::Bytes { bytes, .. } => Cow::from(bytes.as_slice()),
            Content::File(path) => fs::read(path)?.into(),
        };
        Ok(Self {
            sha1: hex::encode(Sha1::digest(&bytes)),
            sha256: hex::encode(Sha256::digest(&bytes)),
        })
    }
}

/// SPDX's digest of a set of files, which does not depend on their names:
/// <https://spdx.github.io/spdx-spec/v2.3/package-information/#79-package-verification-code-field>.
pub fn verification_code(files: &[&Hashes]) -> String {
    let mut digests: Vec<_> = files.iter().map(|file| file.sha1.as_str()).collect();
    digests.sort_unstable();
    hex::encode(Sha1::digest(digests.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_match_the_standard_test_vectors() {
        let hashes = Hashes::of(&Content::bytes("test", b"abc")).unwrap();
        // FIPS 180-2, appendices A.1 and B.1.
        assert_eq!(hashes.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(hashes.sha256.starts_with("ba7816bf8f01cfea"));
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), "abc").unwrap();
        let of_file = Hashes::of(&Content::File(file.path().to_owned())).unwrap();
        assert_eq!(of_file, hashes);
    }

    #[test]
    fn verification_code_is_independent_of_file_order() {
        let [a, b] = ["a", "b"].map(|text| Hashes::of(&Content::bytes("t", text.as_bytes())).unwrap());
        let code = verification_code(&[&a, &b]);
        assert_eq!(code, verification_code(&[&b, &a]));
        assert_ne!(code, verification_code(&[&a]));
        // sha1sum of the sorted digests of `printf a | sha1sum` and `printf b | sha1sum`, without line breaks.
        assert_eq!(code, "5463504435e4dbf2b93a3a8a00ca78e36ea40e24");
    }
}
