//! Digests of files, and of all inputs of a result: the key of a cached result.

use std::fmt;
use std::io::Read;
use std::path::Path;

use anyhow::Result;
use fs_err::File;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The SHA-256 of labelled inputs, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of `inputs`, each a label and its bytes. Lengths are hashed too, so that no two different lists
    /// are hashed as the same bytes.
    pub fn of<'a>(inputs: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut hash = Sha256::new();
        for (label, bytes) in inputs {
            for part in [label.as_bytes(), bytes] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        }
        Self(hex::encode(hash.finalize()))
    }

    /// The first twelve digits, for names of folders.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The SHA-256 of a file, in hexadecimal.
pub fn sha256_of_file(path: &Path) -> Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex::encode(hash.finalize())),
            count => hash.update(&piece[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_hashed_with_sha256() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), "abc").unwrap();
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            sha256_of_file(file.path()).unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn input_boundaries_change_the_fingerprint() {
        let a = Fingerprint::of([("a", "bc".as_bytes()), ("d", b"")]);
        let b = Fingerprint::of([("a", "b".as_bytes()), ("cd", b"")]);
        assert_ne!(a, b);
    }
}
