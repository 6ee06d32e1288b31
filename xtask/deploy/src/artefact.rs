//! The code of a function: the zip archive or the image that is deployed.

use std::path::{Path, PathBuf};

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use layer::Digest;
use sha2::{Digest as _, Sha256};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Artefact {
    Zip {
        path: PathBuf,
        /// The SHA-256 digest in base64, as Lambda shows it.
        digest: String,
        bytes: u64,
    },
    Image {
        /// The folder of its OCI layout.
        layout: PathBuf,
        digest: Digest,
    },
}

impl Artefact {
    pub fn zip(path: &Path) -> Result<Self> {
        let content = fs::read(path)?;
        Ok(Self::Zip {
            path: path.to_owned(),
            digest: STANDARD.encode(Sha256::digest(&content)),
            bytes: content.len() as u64,
        })
    }
}
