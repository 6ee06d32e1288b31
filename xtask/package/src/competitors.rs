//! Others who do the same: the figures of `data/competitors.toml`, with their sources.

use anyhow::{Context, Result};
use opencv_build::Architecture;
use serde::{Deserialize, Serialize};

const DATA: &str = include_str!("../data/competitors.toml");

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// As it lies on a disk.
    Uncompressed,
    /// As it is stored in a registry or sent.
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
    /// Our artefact that it is compared with.
    pub artefact: String,
    /// The only architecture that it is of; of any, if none.
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
