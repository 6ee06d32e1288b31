//! `sdk.json`: what an SDK holds and how to link it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::pins::{Pins, Place};
use crate::recipe::{Cpu, Haar};
use crate::target::Target;
use crate::third_party::ThirdParty;
use support::fingerprint::Fingerprint;

/// The whole file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this file's form.
    pub schema: u32,
    /// OpenCV's version.
    pub version: String,
    /// Modules, each after those that it requires.
    pub modules: Vec<String>,
    /// Image formats.
    pub codecs: BTreeSet<String>,
    /// Where the libraries run.
    pub target: Target,
    /// Instruction sets.
    pub cpu: Cpu,
    /// What detects by Haar cascades.
    #[serde(default)]
    pub haar: Haar,
    /// The C++ standard.
    pub cxx_standard: u8,
    /// How to link.
    pub link: Link,
    /// Each file in `lib/`.
    pub libraries: Vec<Library>,
    /// Other people's code, in the libraries or linked with them.
    pub third_party: Vec<ThirdParty>,
    /// The size of every file of the SDK but this one, by its path.
    pub files: BTreeMap<String, u64>,
    /// Of everything that went in.
    pub fingerprint: Fingerprint,
    /// Where the source came from.
    pub source: String,
    /// Versions of the tools.
    pub tools: BTreeMap<String, String>,
    /// What the SDK lacks because the machine that built it lacked something, each a sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<String>,
}

impl Manifest {
    /// Where the source can be downloaded as it is, and its SHA-256, if it is pinned like that. The source distribution of
    /// a Python package is more than OpenCV: its digest would be taken for OpenCV's own.
    pub fn download(&self) -> Option<(&'static str, &'static str)> {
        let source = Pins::embedded().source(&self.version)?;
        let mut origins = source.origin.iter();
        let used = origins.find(|origin| origin.place.describe() == self.source)?;
        match &used.place {
            Place::Url { url } => Some((url, &used.sha256)),
            Place::Python { .. } => None,
        }
    }
}

/// How to link a program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    /// Static libraries in `lib/`, each before those that it needs.
    pub libraries: Vec<String>,
    /// Libraries of the system, after them.
    pub system: Vec<String>,
    /// What each static library needs of both kinds, itself and not through others.
    pub needs: BTreeMap<String, Vec<String>>,
    /// The C++ runtime that the libraries were compiled for.
    pub cxx_runtime: String,
    /// Its release: an older one lacks functions that the libraries call.
    pub cxx_runtime_release: u32,
}

/// A static library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// Its file name.
    pub file: String,
    /// Its size.
    pub bytes: u64,
}
