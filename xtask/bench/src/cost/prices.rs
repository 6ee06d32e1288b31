//! Lambda's prices and its ratio of memory to vCPUs, from `data/prices.toml`.

use anyhow::{Context, Result};
use opencv_build::Architecture;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    pub date: String,
    pub note: String,
    x86_64: Rates,
    aarch64: Rates,
    pub memory: Memory,
    pub assumptions: Assumptions,
}

/// An architecture's prices in US dollars.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    pub gigabyte_second: f64,
    pub million_requests: f64,
}

/// Memory sizes, in megabytes of 2^20 bytes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// The memory size with exactly one vCPU.
    pub vcpu_megabytes: f64,
    pub smallest_megabytes: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumptions {
    /// Added to the measured peak, as a fraction of it.
    pub margin: f64,
    pub cold_starts_per_million: f64,
}

impl Prices {
    pub fn embedded() -> Result<Self> {
        toml::from_str(include_str!("../../data/prices.toml")).context("failed to parse data/prices.toml")
    }

    pub fn rates(&self, architecture: Architecture) -> &Rates {
        match architecture {
            Architecture::X86_64 => &self.x86_64,
            Architecture::Aarch64 => &self.aarch64,
        }
    }

    /// The memory size, in whole megabytes, for a process with a peak of `peak` bytes.
    pub fn memory_size(&self, peak: f64) -> f64 {
        let megabytes = peak * (1.0 + self.assumptions.margin) / f64::from(1 << 20);
        megabytes.ceil().max(self.memory.smallest_megabytes)
    }

    pub fn vcpus(&self, megabytes: f64) -> f64 {
        megabytes / self.memory.vcpu_megabytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "memory sizes are whole numbers")]
    fn memory_size_has_a_margin_and_a_minimum() {
        let prices = Prices::embedded().unwrap();
        assert_eq!(prices.memory_size(1.0), 128.0);
        assert_eq!(prices.memory_size(f64::from(1 << 20) * 200.0), 250.0);
    }
}
