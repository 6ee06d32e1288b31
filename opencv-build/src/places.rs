//! Where things lie below the target folder. Nothing here touches the disk.

use std::path::{Path, PathBuf};

use crate::target::Target;

/// The folders of one workspace, all below cargo's target folder.
#[derive(Clone, Debug)]
pub struct Places {
    root: PathBuf,
}

impl Places {
    /// The folders below `target_dir`, which is made absolute.
    pub fn below(target_dir: &Path) -> std::io::Result<Self> {
        Ok(Self {
            root: std::path::absolute(target_dir)?,
        })
    }

    /// Installed wheels and the compiler's cache.
    pub fn toolchain(&self) -> PathBuf {
        self.root.join("toolchain")
    }

    /// Archives, named by their digests.
    pub fn downloads(&self) -> PathBuf {
        self.root.join("downloads")
    }

    /// What builds of all targets share: the lock.
    pub fn lock(&self) -> PathBuf {
        self.root.join("opencv/lock")
    }

    /// The tree, the build and its log.
    pub fn work(&self, target: &Target) -> PathBuf {
        self.root.join("opencv").join(target.key())
    }

    /// The finished SDKs.
    pub fn sdks(&self) -> PathBuf {
        self.root.join("sdk")
    }

    /// The finished SDK for one target.
    pub fn sdk(&self, target: &Target) -> PathBuf {
        self.sdks().join(target.key())
    }
}
