//! The digests in `Cargo.lock`, by crate. Crates of the workspace have none.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;
use serde::Deserialize;

use super::Name;

/// Digests of crates as they were downloaded.
#[derive(Debug)]
pub struct Checksums(BTreeMap<Name, String>);

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

impl Checksums {
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        Self::parse(&text).with_context(|| format!("failed to read `{}`", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let lock: Lock = toml::from_str(text)?;
        let known = lock.package.into_iter().filter_map(|package| {
            let digest = package.checksum?;
            Some(((package.name, package.version), digest))
        });
        Ok(Self(known.collect()))
    }

    /// The SHA-256 of a crate, in hexadecimal.
    pub fn of(&self, name: &Name) -> Option<String> {
        self.0.get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_found_by_name_and_version() {
        let text = "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"aa\"\n\
                    [[package]]\nname = \"a\"\nversion = \"2.0.0\"\nchecksum = \"bb\"\n\
                    [[package]]\nname = \"own\"\nversion = \"0.1.0\"\n";
        let checksums = Checksums::parse(text).unwrap();
        let of = |name: &str, version: &str| checksums.of(&(name.to_owned(), version.to_owned()));
        assert_eq!(of("a", "1.0.0").as_deref(), Some("aa"));
        assert_eq!(of("a", "2.0.0").as_deref(), Some("bb"));
        assert_eq!(of("own", "0.1.0"), None);
        assert!(Checksums::parse("version = 4").is_err());
    }
}
