//! `sdk.json`: what an SDK holds and how to link it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::pins::{OriginKind, Pins};
use crate::recipe::{Cpu, HaarDetector};
use crate::target::Target;
use crate::third_party::ThirdParty;
use support::fingerprint::Fingerprint;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say what each is")]
pub struct Manifest {
    /// The version of this file's form.
    pub schema: u32,
    pub version: String,
    /// Modules, each after those that it requires.
    pub modules: Vec<String>,
    pub codecs: BTreeSet<String>,
    pub target: Target,
    pub cpu: Cpu,
    #[serde(default)]
    pub haar: HaarDetector,
    pub cxx_standard: u8,
    pub link: Link,
    /// Each file in `lib/`.
    pub libraries: Vec<Library>,
    /// Other people's code, in the libraries or linked with them.
    pub third_party: Vec<ThirdParty>,
    /// The size of every file of the SDK but this one, by its path.
    pub files: BTreeMap<String, u64>,
    /// Of everything that went in.
    pub fingerprint: Fingerprint,
    pub source: String,
    pub tools: BTreeMap<String, String>,
    /// What the SDK lacks because the machine that built it lacked something, each a sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<String>,
}

impl Manifest {
    /// Where the source can be downloaded as it is, and its SHA-256, if it is pinned like that. The source distribution of
    /// a Python package is more than OpenCV: its digest would be taken for OpenCV's own.
    pub fn source_download(&self) -> Option<(&'static str, &'static str)> {
        let source = Pins::embedded().source(&self.version)?;
        let mut origins = source.origin.iter();
        let used = origins.find(|origin| origin.kind.describe() == self.source)?;
        match &used.kind {
            OriginKind::Url { url } => Some((url, &used.sha256)),
            OriginKind::Sdist { .. } => None,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say what each is")]
pub struct Link {
    /// Static libraries in `lib/`, each before those that it needs.
    pub libraries: Vec<String>,
    /// Libraries of the system, after them.
    pub system: Vec<String>,
    /// What each static library needs of both kinds, itself and not through others.
    pub dependencies: BTreeMap<String, Vec<String>>,
    /// The C++ runtime that the libraries were compiled for.
    pub cxx_runtime: String,
    /// Its release: an older one lacks functions that the libraries call.
    pub cxx_runtime_release: u32,
}

/// A static library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say what each is")]
pub struct Library {
    pub file: String,
    pub bytes: u64,
}
