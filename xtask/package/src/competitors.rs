//! Sizes of alternatives, from `data/competitors.toml`, with their sources.

use anyhow::{Context, Result};
use opencv_build::Architecture;
use serde::{Deserialize, Serialize};

const DATA: &str = include_str!("../data/competitors.toml");

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    Uncompressed,
    Compressed,
}

impl Measure {
    pub fn label(self) -> &'static str {
        match self {
            Self::Uncompressed => "uncompressed",
            Self::Compressed => "compressed",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompetitorSize {
    pub name: String,
    pub bytes: u64,
    pub measure: Measure,
    /// The name of our artefact that it is compared with.
    pub artefact: String,
    /// `None` if it applies to all architectures.
    pub architecture: Option<Architecture>,
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    competitor: Vec<CompetitorSize>,
}

pub fn competitor_sizes() -> Result<Vec<CompetitorSize>> {
    parse(DATA).context("failed to read `xtask/package/data/competitors.toml`")
}

pub fn parse(text: &str) -> Result<Vec<CompetitorSize>> {
    Ok(toml::from_str::<File>(text)?.competitor)
}
