//! Others who do the same: the figures of `data/peers.toml`, with their sources.

use anyhow::{Context, Result};
use opencv_build::Architecture;
use serde::{Deserialize, Serialize};

const DATA: &str = include_str!("../data/peers.toml");

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// As it lies on a disk.
    Unpacked,
    /// As it is stored in a registry or sent.
    Packed,
}

impl Measure {
    pub fn word(self) -> &'static str {
        match self {
            Self::Unpacked => "unpacked",
            Self::Packed => "packed",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
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
    peer: Vec<Figure>,
}

pub fn figures() -> Result<Vec<Figure>> {
    parse(DATA).context("failed to read `xtask/package/data/peers.toml`")
}

pub fn parse(text: &str) -> Result<Vec<Figure>> {
    Ok(toml::from_str::<File>(text)?.peer)
}
