//! Tests that cannot run on this machine.

use std::fmt;

use anyhow::Result;

/// The error that a test returns if it cannot run on this machine; the content is the reason.
#[derive(Debug)]
pub struct Skip(String);

impl Skip {
    pub fn with_reason(reason: String) -> anyhow::Error {
        Self(reason).into()
    }

    /// Returns the error unless `condition` holds.
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
