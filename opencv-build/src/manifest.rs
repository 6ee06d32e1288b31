//! `sdk.json`: the content of an SDK and how to link it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::pins::{OriginKind, Pins};
use crate::recipe::{Cpu, HaarDetector};
use crate::target::Target;
use crate::third_party::ThirdParty;
use support::fingerprint::Fingerprint;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct Manifest {
    /// The version of this file's format.
    pub schema: u32,
    pub version: String,
    /// The modules in topological order: each module after those that it requires.
    pub modules: Vec<String>,
    pub codecs: BTreeSet<String>,
    /// Those of `codecs` that have no encoder.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub decode_only: BTreeSet<String>,
    pub target: Target,
    pub cpu: Cpu,
    #[serde(default)]
    pub haar: HaarDetector,
    pub cxx_standard: u8,
    pub link: Link,
    /// The static libraries in `lib/`, without the optional ones.
    pub libraries: Vec<Library>,
    /// Third-party code in the libraries or linked with them.
    pub third_party: Vec<ThirdParty>,
    /// Sizes in bytes of all files of the SDK except this one, by relative path.
    pub files: BTreeMap<String, u64>,
    /// Covers all inputs of the build.
    pub fingerprint: Fingerprint,
    /// The URL or path of OpenCV's source, or the name of its source distribution.
    pub source: String,
    /// Versions of the build's tools, by name.
    pub tools: BTreeMap<String, String>,
    /// Features that the SDK lacks because the build machine lacked a tool, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<String>,
}

impl Manifest {
    /// URL and SHA-256 of OpenCV's source archive, if it was downloaded from a pinned URL. `None` for the source
    /// distribution of a Python package, whose digest is not that of OpenCV's own archive.
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
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct Link {
    /// Link names of the static libraries in `lib/`, in link order.
    pub libraries: Vec<String>,
    /// System libraries, to be linked after the static ones.
    pub system: Vec<String>,
    /// Direct dependencies of each static library, static and system ones.
    pub dependencies: BTreeMap<String, Vec<String>>,
    /// Link name of the C++ runtime that the libraries were compiled for.
    pub cxx_runtime: String,
    /// The minimum release of that runtime: an older one lacks functions that the libraries call.
    pub cxx_runtime_release: u32,
    /// Link names of further static libraries in `lib/`, which replace what a program never uses if they are linked
    /// before all others, and what the program lacks then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub optional: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct Library {
    pub file: String,
    pub bytes: u64,
}
