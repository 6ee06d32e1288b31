//! The data of a size report: artefacts, each a tree of parts, and comparisons.
//! `xtask/size/data/report.schema.json` is its JSON schema.

use anyhow::{Result, ensure};
use opencv_build::Architecture;
pub use package::competitors::Measure;
use serde::{Deserialize, Serialize};

use super::part::Part;

/// The version of the format of [`Document`].
pub const SCHEMA: u32 = 2;
/// The oldest version that can be read. Its field names are aliases of the current ones.
const OLDEST_SCHEMA: u32 = 1;

pub fn check_schema(schema: u32) -> Result<()> {
    ensure!(
        (OLDEST_SCHEMA..=SCHEMA).contains(&schema),
        "it has schema {schema}, and this program reads {OLDEST_SCHEMA} to {SCHEMA}"
    );
    Ok(())
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Document {
    pub schema: u32,
    pub report: Report,
    /// Features that the SDK lacks because a tool was missing when it was built; one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_report: Option<PreviousReport>,
    pub competitors: Vec<Competitor>,
    pub budgets: Vec<Budget>,
    /// Sorted by age, the oldest first.
    pub history: Vec<Milestone>,
    /// OpenCV with all of its default modules, if it was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ablation: Vec<Ablation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub architecture: Architecture,
    /// The abbreviated commit, followed by `+` if the work tree has changes.
    pub revision: Option<String>,
    /// Their names are `bootstrap`, `static libraries`, `image NAME` and `zip NAME`.
    pub artefacts: Vec<Part>,
}

impl Report {
    pub fn artefact(&self, name: &str) -> Option<&Part> {
        self.artefacts.iter().find(|part| part.name == name)
    }

    pub fn artefact_names(&self) -> String {
        let names = self.artefacts.iter().map(|part| format!("`{}`", part.name));
        names.collect::<Vec<_>>().join(", ")
    }
}

/// The report in a JSON object with `schema` and `report`: a document, or a stored report.
pub fn parse_report(text: &[u8]) -> Result<Report> {
    #[derive(Deserialize)]
    struct Version {
        schema: u32,
    }
    #[derive(Deserialize)]
    struct ReportFile {
        report: Report,
    }
    let Version { schema } = serde_json::from_slice(text)?;
    check_schema(schema)?;
    Ok(serde_json::from_slice::<ReportFile>(text)?.report)
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PreviousReport {
    /// `the last report`, a revision, or a file's name.
    pub label: String,
    pub report: Report,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Competitor {
    pub name: String,
    pub bytes: u64,
    pub measure: Measure,
    pub source: String,
    /// Our artefact that it is compared with.
    pub artefact: String,
    pub our_bytes: u64,
    /// `bytes` divided by `our_bytes`.
    pub ratio: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Budget {
    pub artefact: String,
    pub measure: Measure,
    pub limit_bytes: u64,
    pub bytes: u64,
}

impl Budget {
    /// The bytes below the limit, or as an error the bytes above it.
    pub fn remaining(&self) -> std::result::Result<u64, u64> {
        let remaining = self.limit_bytes.checked_sub(self.bytes);
        remaining.ok_or_else(|| self.bytes - self.limit_bytes)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    #[serde(alias = "what")]
    pub description: String,
    /// The size of `bootstrap`.
    #[serde(alias = "unpacked")]
    pub uncompressed_bytes: u64,
    /// The size of `bootstrap` in the zip archive.
    #[serde(alias = "packed")]
    pub compressed_bytes: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Baseline {
    pub description: String,
    /// The size of the function linked with it.
    pub bootstrap_bytes: u64,
    /// The sum over all calls of the compiler.
    pub compile_seconds: f64,
    pub our_compile_seconds: f64,
    /// Modules and third-party libraries, the largest first.
    pub modules: Vec<BaselineModule>,
    /// Features that OpenCV builds by default and the baseline does not have, each with the reason.
    pub missing: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BaselineModule {
    pub name: String,
    /// The size of its static library in the baseline.
    pub library_bytes: u64,
    /// The size of our static library, 0 if ours does not have the module.
    pub our_library_bytes: u64,
    /// Its part of the function linked with the baseline.
    pub linked_bytes: u64,
    pub our_linked_bytes: u64,
    /// The sum over all calls of the compiler.
    pub compile_seconds: f64,
    pub our_compile_seconds: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ablation {
    /// A name such as `codec png` or `dispatch AVX2`.
    pub feature: String,
    /// The size of the static libraries with it minus that without it.
    pub library_bytes: i64,
    pub bootstrap_bytes: i64,
    /// The difference of the compressed `bootstrap` in the zip archive.
    pub compressed_bytes: i64,
}
