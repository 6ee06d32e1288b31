//! The values of a size report: artefacts, each a tree of parts, and what they are compared with.
//! `xtask/size/data/report.schema.json` is the same for other programs.

use anyhow::{Result, ensure};
use opencv_build::Architecture;
pub use package::competitors::Measure;
use serde::{Deserialize, Serialize};

use super::part::Part;

/// The version of the form of [`Document`] and all in it.
pub const SCHEMA: u32 = 2;
/// The oldest version that is read. Its field names are aliases of the current ones.
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
    /// What the SDK lacks because the machine that built it lacked something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_report: Option<PreviousReport>,
    pub competitors: Vec<Competitor>,
    pub budgets: Vec<Budget>,
    /// How the function became what it is, oldest first.
    pub history: Vec<Milestone>,
    /// What all of OpenCV's default modules would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ablation: Vec<Ablation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub architecture: Architecture,
    /// The commit that was built, with `+` behind it if files were changed since.
    pub revision: Option<String>,
    /// Each artefact. Its name is one of `bootstrap`, `static libraries`, `image NAME`, `zip NAME`.
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

/// The report in what has one with the version of its form: a document, or a report that was kept.
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
    /// Which one: `last report`, a revision, a file's name.
    pub label: String,
    pub report: Report,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Competitor {
    pub name: String,
    pub bytes: u64,
    pub measure: Measure,
    pub source: String,
    /// Our artefact that does the same.
    pub artefact: String,
    pub our_bytes: u64,
    /// How many times as large the other is.
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
    /// The bytes that are left of it; if none are, as an error the bytes that are too many.
    pub fn remaining(&self) -> std::result::Result<u64, u64> {
        let remaining = self.limit_bytes.checked_sub(self.bytes);
        remaining.ok_or_else(|| self.bytes - self.limit_bytes)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    #[serde(alias = "what")]
    pub description: String,
    /// `bootstrap` after it, in bytes.
    #[serde(alias = "unpacked")]
    pub uncompressed_bytes: u64,
    /// The same, as it is compressed in the zip archive.
    #[serde(alias = "packed")]
    pub compressed_bytes: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Baseline {
    pub description: String,
    /// The function linked against it.
    pub bootstrap_bytes: u64,
    /// How long all calls of the compiler for it took together, in seconds.
    pub compile_seconds: f64,
    pub our_compile_seconds: f64,
    /// Modules and third-party libraries, the largest first.
    pub modules: Vec<BaselineModule>,
    /// What OpenCV builds by default and this does not have, with the reason.
    pub missing: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BaselineModule {
    pub name: String,
    /// Its static library in the baseline, and in ours.
    pub library_bytes: u64,
    /// The same of ours, 0 where it is left out.
    pub our_library_bytes: u64,
    /// What of it is in the function when that is linked against the baseline.
    pub linked_bytes: u64,
    pub our_linked_bytes: u64,
    /// How long all calls of the compiler for it took together, in seconds.
    pub compile_seconds: f64,
    pub our_compile_seconds: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ablation {
    /// The feature: `codec png`, `dispatch AVX2`.
    pub feature: String,
    /// Bytes that it costs in the static libraries.
    pub library_bytes: i64,
    pub bootstrap_bytes: i64,
    /// In `bootstrap` as it is compressed.
    pub compressed_bytes: i64,
}
