//! Where things lie below the target folder, if tools can work there. Nothing here touches the disk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::target::Target;

/// The folders of one workspace, all below cargo's target folder.
#[derive(Clone, Debug)]
pub struct Places {
    root: PathBuf,
}

impl Places {
    /// The folders below `target_dir`, which is made absolute.
    ///
    /// # Errors
    /// The path has characters that separate paths or flags for cmake, the compiler or cargo.
    pub fn below(target_dir: &Path) -> Result<Self> {
        let root = std::path::absolute(target_dir)
            .with_context(|| format!("failed to find the folder `{}`", target_dir.display()))?;
        let plain = |c: char| !c.is_whitespace() && !",;:'\"\\$".contains(c);
        ensure!(
            root.to_str().is_some_and(|path| path.chars().all(plain)),
            "cmake and compilers cannot work in `{}`: its path has white space or one of \
             , ; : ' \" \\ $; move the project",
            root.display()
        );
        Ok(Self { root })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_tools_would_split_is_refused() {
        Places::below(Path::new("/home/me/project/target")).unwrap();
        for path in ["/home/me/My Projects/target", "/a,b/target", "/a;b/target"] {
            let error = Places::below(Path::new(path)).unwrap_err().to_string();
            assert!(error.contains("move the project"), "{error}");
        }
    }
}
