//! Where things lie below the target folder, if tools can work there. Nothing here touches the disk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::target::Target;

/// The folders of one workspace, all below cargo's target folder.
#[derive(Clone, Debug)]
pub struct Places {
    root: PathBuf,
    /// Where work is done.
    works: PathBuf,
    /// Where SDKs go.
    sdks: PathBuf,
}

impl Places {
    /// The folders below `target_dir`, which is made absolute.
    ///
    /// # Errors
    /// The path has characters that separate paths or flags for cmake, the compiler or cargo.
    pub fn below(target_dir: &Path) -> Result<Self> {
        let root = std::path::absolute(target_dir)
            .with_context(|| format!("failed to find the folder `{}`", target_dir.display()))?;
        let plain = |c: char| !c.is_control() && !",;:'\"\\$".contains(c);
        ensure!(
            root.to_str().is_some_and(|path| path.chars().all(plain)),
            "cmake and compilers cannot work in `{}`: its path contains one of , ; : ' \" \\ $ or a control \
             character, or is not Unicode; move the project",
            root.display()
        );
        Ok(Self {
            works: root.join("opencv"),
            sdks: root.join("sdk"),
            root,
        })
    }

    /// The same for a build called `name` beside the recipe's own: with its result in a folder of its
    /// own, and work in one that all of `group` share.
    pub fn variant(&self, group: &str, name: &str) -> Self {
        let group = self.root.join("size/opencv").join(group);
        Self {
            root: self.root.clone(),
            works: group.join("work"),
            sdks: group.join(name),
        }
    }

    /// Installed wheels and the compiler's cache.
    pub fn toolchain(&self) -> PathBuf {
        self.root.join("toolchain")
    }

    /// Archives, named by their digests.
    pub fn downloads(&self) -> PathBuf {
        self.root.join("downloads")
    }

    /// What builds of all targets and variants share: the lock.
    pub fn lock(&self) -> PathBuf {
        self.root.join("opencv/lock")
    }

    /// The tree, the build and its log.
    pub fn work(&self, target: &Target) -> PathBuf {
        self.works.join(target.key())
    }

    /// The finished SDKs.
    pub fn sdks(&self) -> PathBuf {
        self.sdks.clone()
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
    fn a_variant_has_its_own_results_and_shares_tools_and_the_lock() {
        let target = crate::recipe::tests::recipe().target;
        let places = Places::below(Path::new("/p/target")).unwrap();
        let variant = places.variant("without", "codec-png");
        assert_eq!(
            variant.sdk(&target),
            Path::new("/p/target/size/opencv/without/codec-png/x86_64-glibc2.26")
        );
        assert_ne!(variant.work(&target), places.work(&target));
        assert_eq!(
            variant.work(&target),
            places.variant("without", "codec-webp").work(&target)
        );
        assert_eq!(variant.lock(), places.lock());
        assert_eq!(variant.toolchain(), places.toolchain());
        assert_eq!(variant.downloads(), places.downloads());
    }

    #[test]
    fn a_path_that_tools_would_split_is_refused() {
        Places::below(Path::new("/home/me/project/target")).unwrap();
        Places::below(Path::new("/home/me/Meine Bücher/target")).unwrap();
        for path in ["/a,b/target", "/a;b/target", "/a\nb/target"] {
            let error = Places::below(Path::new(path)).unwrap_err().to_string();
            assert!(error.contains("move the project"), "{error}");
        }
    }
}
