//! Tests that cannot be run on this machine.

use std::fmt;

use anyhow::Result;

/// Why a test cannot be run here: the error that it returns to be skipped.
#[derive(Debug)]
pub struct Skip(String);

impl Skip {
    /// For a reason such as "no Docker engine answers".
    pub fn with_reason(reason: String) -> anyhow::Error {
        Self(reason).into()
    }

    /// Skips the test where a condition does not hold.
    pub fn unless(condition: bool, reason: impl FnOnce() -> String) -> Result<()> {
        if condition {
            return Ok(());
        }
        Err(Self::with_reason(reason()))
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Skip {}
