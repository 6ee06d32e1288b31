//! Where things lie below the target folder, if tools can work there. Nothing here touches the disk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::error::{Error, ErrorKind, OfKind};
use crate::target::Target;

/// The folders of one workspace: below cargo's target folder, but for what workspaces can share.
#[derive(Clone, Debug)]
pub struct BuildPaths {
    root: PathBuf,
    shared: PathBuf,
    works: PathBuf,
    sdks: PathBuf,
}

impl BuildPaths {
    /// The folders below `target_dir`, which is made absolute.
    ///
    /// # Errors
    /// The path has characters that separate paths or flags for cmake, the compiler or cargo.
    pub fn below(target_dir: &Path) -> Result<Self, Error> {
        let folder = target_dir.display();
        let failed = || format!("failed to use the target folder `{folder}`; move the project");
        let root = plain(target_dir).with_context(failed);
        let root = root.of_kind(ErrorKind::Path)?;
        Ok(Self {
            works: root.join("opencv"),
            sdks: root.join("sdk"),
            shared: root.clone(),
            root,
        })
    }

    /// The same with what workspaces can share, the toolchain and downloads, below `folder`.
    ///
    /// # Errors
    /// The path has such characters.
    pub fn sharing(&self, folder: &Path) -> Result<Self, Error> {
        Ok(Self {
            shared: plain(folder).of_kind(ErrorKind::Path)?,
            ..self.clone()
        })
    }

    /// The folder of what workspaces can share.
    pub fn shared(&self) -> &Path {
        &self.shared
    }

    /// The same for a build called `name` beside the recipe's own: with its result in a folder of its
    /// own, and work in one that all of `group` share.
    pub fn variant(&self, group: &str, name: &str) -> Self {
        let group = self.root.join("size/opencv").join(group);
        Self {
            works: group.join("work"),
            sdks: group.join(name),
            ..self.clone()
        }
    }

    /// Installed wheels and the compiler's cache.
    pub fn toolchain(&self) -> PathBuf {
        self.shared.join("toolchain")
    }

    /// Archives, named by their digests.
    pub fn downloads(&self) -> PathBuf {
        self.shared.join("downloads")
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

/// `folder` as an absolute path that cmake, the compiler and cargo can be given.
fn plain(folder: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(folder)
        .with_context(|| format!("failed to find the folder `{}`", folder.display()))?;
    let plain = |c: char| !c.is_control() && !",;:'\"\\$".contains(c);
    ensure!(
        path.to_str().is_some_and(|path| path.chars().all(plain)),
        "cmake and compilers cannot work in `{}`: its path contains one of , ; : ' \" \\ $ or a control \
         character, or is not Unicode",
        path.display()
    );
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_has_its_own_results_and_shares_tools_and_the_lock() {
        let target = crate::recipe::tests::recipe().target;
        let paths = BuildPaths::below(Path::new("/p/target")).unwrap();
        assert_eq!(paths.toolchain(), Path::new("/p/target/toolchain"));
        let paths = paths.sharing(Path::new("/cache")).unwrap();
        assert_eq!(paths.toolchain(), Path::new("/cache/toolchain"));
        assert_eq!(paths.downloads(), Path::new("/cache/downloads"));
        let variant = paths.variant("without", "codec-png");
        assert_eq!(
            variant.sdk(&target),
            Path::new("/p/target/size/opencv/without/codec-png/x86_64-glibc2.26")
        );
        assert_ne!(variant.work(&target), paths.work(&target));
        assert_eq!(
            variant.work(&target),
            paths.variant("without", "codec-webp").work(&target)
        );
        assert_eq!(variant.lock(), paths.lock());
        assert_eq!(variant.toolchain(), paths.toolchain());
        assert_eq!(variant.downloads(), paths.downloads());
    }

    #[test]
    fn a_path_that_tools_would_split_is_refused() {
        BuildPaths::below(Path::new("/home/me/project/target")).unwrap();
        BuildPaths::below(Path::new("/home/me/Meine Bücher/target")).unwrap();
        for path in ["/a,b/target", "/a;b/target", "/a\nb/target"] {
            let error = BuildPaths::below(Path::new(path)).unwrap_err();
            assert!(error.to_string().contains("move the project"), "{error}");
            assert_eq!(error.kind(), ErrorKind::Path);
            let paths = BuildPaths::below(Path::new("/p/target")).unwrap();
            let error = paths.sharing(Path::new(path)).unwrap_err().to_string();
            assert!(error.contains("cannot work in"), "{error}");
        }
    }
}
