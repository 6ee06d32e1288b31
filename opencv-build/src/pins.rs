//! Everything that is downloaded, with the digest it must have. Reads `data/pins.toml`.

#![expect(missing_docs, reason = "the names say what each is")]

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// Python wheels that make up the toolchain.
    pub wheel: Vec<Wheel>,
    /// OpenCV's sources by version.
    pub source: Vec<Source>,
    /// Where the libraries can be had that take the place of OpenCV's own copies, tried in order.
    pub third_party: Vec<Origin>,
    /// The assembler, for machines that have none.
    pub assembler: DebianPackage,
}

/// A Python package, of which only these files are accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    pub name: String,
    pub version: String,
    /// Digests of its files, one for each kind of build machine.
    pub sha256: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub version: String,
    /// Where its tree can be had, tried in order.
    pub origin: Vec<Origin>,
}

/// A package of Debian, of which only these files are accepted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DebianPackage {
    pub package: String,
    pub version: String,
    pub sha256: Vec<String>,
}

/// A place that has the source as a `.tar.gz` archive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Origin {
    #[serde(flatten)]
    pub kind: OriginKind,
    /// How many bytes of the archive are downloaded, from its beginning; all of them where this is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_bytes: Option<u64>,
    /// The digest of what is downloaded, in hexadecimal.
    pub sha256: String,
    /// The folder inside the archive that holds the tree.
    pub root: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OriginKind {
    Sdist {
        package: String,
        package_version: String,
    },
    Url {
        url: String,
    },
}

impl OriginKind {
    pub fn describe(&self) -> String {
        match self {
            Self::Sdist {
                package,
                package_version,
            } => format!("source distribution of {package} {package_version}"),
            Self::Url { url } => url.clone(),
        }
    }
}

impl Pins {
    pub fn embedded() -> &'static Self {
        static PINS: LazyLock<Pins> = LazyLock::new(|| {
            toml::from_str(include_str!("../data/pins.toml"))
                .expect("data/pins.toml is checked by a test")
        });
        &PINS
    }

    pub fn source(&self, version: &str) -> Option<&Source> {
        self.source.iter().find(|source| source.version == version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pinned_digest_is_valid_sha256() {
        let pins = Pins::embedded();
        let wheels = pins.wheel.iter().flat_map(|wheel| &wheel.sha256);
        let origins = pins.source.iter().flat_map(|source| &source.origin);
        let origins = origins
            .chain(&pins.third_party)
            .map(|origin| &origin.sha256);
        for digest in wheels.chain(origins).chain(&pins.assembler.sha256) {
            assert_eq!(digest.len(), 64, "{digest}");
            assert!(digest.bytes().all(|b| b.is_ascii_hexdigit()), "{digest}");
        }
    }
}
