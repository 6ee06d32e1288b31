//! All downloads with their pinned digests, from `data/pins.toml`.

#![expect(missing_docs, reason = "the names are self-explanatory")]

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// The toolchain.
    pub wheel: Vec<Wheel>,
    /// OpenCV's sources.
    pub source: Vec<Source>,
    /// Origins of the libraries that replace OpenCV's bundled copies, tried in order.
    pub third_party: Vec<Origin>,
    /// nasm, for machines without it.
    pub assembler: DebianPackage,
    /// The weights of the face detection network.
    pub face_model: FaceModelPin,
}

/// A version of a Python package; only files with these digests are accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    pub name: String,
    pub version: String,
    /// Digests in hexadecimal; one per architecture of the build machine, or one for all.
    pub sha256: Vec<String>,
}

/// A wheel with a shared library whose symbols are the weights of a network.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceModelPin {
    pub wheel: Wheel,
    /// The compatibility tag (PEP 425) of the file that every build machine uses.
    pub tag: String,
    /// The path of the library in the wheel.
    pub library: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub version: String,
    /// Origins of the source tree, tried in order.
    pub origin: Vec<Origin>,
}

/// A version of a Debian package; only files with these digests are accepted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DebianPackage {
    pub package: String,
    pub version: String,
    pub sha256: Vec<String>,
}

/// A source of a `.tar.gz` archive of a source tree.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Origin {
    #[serde(flatten)]
    pub kind: OriginKind,
    /// Downloads only this many bytes from the beginning of the archive, instead of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_bytes: Option<u64>,
    /// The digest of the downloaded bytes, in hexadecimal.
    pub sha256: String,
    /// The path of the source tree inside the archive.
    pub root: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OriginKind {
    Sdist { package: String, package_version: String },
    Url { url: String },
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
            toml::from_str(include_str!("../data/pins.toml")).expect("data/pins.toml is checked by a test")
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
        let wheels = pins.wheel.iter().chain([&pins.face_model.wheel]);
        let wheels = wheels.flat_map(|wheel| &wheel.sha256);
        let origins = pins.source.iter().flat_map(|source| &source.origin);
        let origins = origins.chain(&pins.third_party).map(|origin| &origin.sha256);
        for digest in wheels.chain(origins).chain(&pins.assembler.sha256) {
            assert_eq!(digest.len(), 64, "{digest}");
            assert!(digest.bytes().all(|b| b.is_ascii_hexdigit()), "{digest}");
        }
    }
}
