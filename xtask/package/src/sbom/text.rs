//! A licence text.

use std::path::Path;

use anyhow::Result;
use fs_err as fs;
use serde::{Deserialize, Serialize};
use support::files::name;

/// A licence or a notice, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The name of its file.
    pub file: String,
    pub text: String,
}

impl Text {
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path)?;
        Ok(Self {
            file: name(path),
            // Names of authors in another encoding lose letters and not the file.
            text: String::from_utf8_lossy(&bytes).replace("\r\n", "\n"),
        })
    }
}
