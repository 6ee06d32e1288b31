//! The folders of builds in the target folder. Nothing here accesses the disk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::error::{Error, ErrorKind, WithKind};
use crate::target::Target;

/// The folders of one workspace, in cargo's target folder; those that workspaces can share may be elsewhere.
#[derive(Clone, Debug)]
pub struct BuildPaths {
    root: PathBuf,
    shared: PathBuf,
    works: PathBuf,
    sdks: PathBuf,
}

impl BuildPaths {
    /// The folders in `target_dir`, which is made absolute.
    ///
    /// # Errors
    /// The path has characters that cmake, the compiler or cargo treat as separators.
    pub fn new(target_dir: &Path) -> Result<Self, Error> {
        let folder = target_dir.display();
        let failed = || format!("failed to use the target folder `{folder}`; move the project");
        let root = usable_path(target_dir).with_context(failed);
        let root = root.with_kind(ErrorKind::Path)?;
        Ok(Self {
            works: root.join("opencv"),
            sdks: root.join("sdk"),
            shared: root.clone(),
            root,
        })
    }

    /// These paths with the folders that workspaces can share, the toolchain and downloads, in `folder`.
    ///
    /// # Errors Those of [`BuildPaths::new`].
    pub fn with_shared_dir(&self, folder: &Path) -> Result<Self, Error> {
        Ok(Self {
            shared: usable_path(folder).with_kind(ErrorKind::Path)?,
            ..self.clone()
        })
    }

    /// The parent of the folders that workspaces can share.
    pub fn shared_dir(&self) -> &Path {
        &self.shared
    }

    /// The paths of a variant build `name`: with a result folder of its own, and a work folder shared by all variants
    /// in `group`.
    #[must_use]
    pub fn variant(&self, group: &str, name: &str) -> Self {
        let group = self.root.join("size/opencv").join(group);
        Self {
            works: group.join("work"),
            sdks: group.join(name),
            ..self.clone()
        }
    }

    /// Contains installed wheels and the compiler's cache.
    pub fn toolchain_dir(&self) -> PathBuf {
        self.shared.join("toolchain")
    }

    /// Contains archives, named by their digests.
    pub fn downloads_dir(&self) -> PathBuf {
        self.shared.join("downloads")
    }

    /// The lock file, shared by builds of all targets and variants.
    pub fn lock_file(&self) -> PathBuf {
        self.root.join("opencv/lock")
    }

    /// Contains the source tree, the build and its log for one target.
    pub fn work_dir(&self, target: &Target) -> PathBuf {
        self.works.join(target.dir_name())
    }

    /// Contains the SDKs of all targets.
    pub fn sdk_root(&self) -> PathBuf {
        self.sdks.clone()
    }

    /// The SDK for one target.
    pub fn sdk_dir(&self, target: &Target) -> PathBuf {
        self.sdk_root().join(target.dir_name())
    }
}

/// `folder` as an absolute path without characters that cmake, the compiler or cargo treat as separators.
pub(crate) fn usable_path(folder: &Path) -> Result<PathBuf> {
    let path =
        std::path::absolute(folder).with_context(|| format!("failed to find the folder `{}`", folder.display()))?;
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
    fn variant_has_own_results_and_shares_toolchain_and_lock() {
        let target = crate::recipe::tests::recipe().target;
        let paths = BuildPaths::new(Path::new("/p/target")).unwrap();
        assert_eq!(paths.toolchain_dir(), Path::new("/p/target/toolchain"));
        let paths = paths.with_shared_dir(Path::new("/cache")).unwrap();
        assert_eq!(paths.toolchain_dir(), Path::new("/cache/toolchain"));
        assert_eq!(paths.downloads_dir(), Path::new("/cache/downloads"));
        let variant = paths.variant("without", "codec-png");
        assert_eq!(
            variant.sdk_dir(&target),
            Path::new("/p/target/size/opencv/without/codec-png/x86_64-glibc2.26")
        );
        assert_ne!(variant.work_dir(&target), paths.work_dir(&target));
        assert_eq!(
            variant.work_dir(&target),
            paths.variant("without", "codec-webp").work_dir(&target)
        );
        assert_eq!(variant.lock_file(), paths.lock_file());
        assert_eq!(variant.toolchain_dir(), paths.toolchain_dir());
        assert_eq!(variant.downloads_dir(), paths.downloads_dir());
    }

    #[test]
    fn path_with_separator_characters_is_rejected() {
        BuildPaths::new(Path::new("/home/me/project/target")).unwrap();
        BuildPaths::new(Path::new("/home/me/Meine Bücher/target")).unwrap();
        for path in ["/a,b/target", "/a;b/target", "/a\nb/target"] {
            let error = BuildPaths::new(Path::new(path)).unwrap_err();
            assert!(error.to_string().contains("move the project"), "{error}");
            assert_eq!(error.kind(), ErrorKind::Path);
            let paths = BuildPaths::new(Path::new("/p/target")).unwrap();
            let error = paths.with_shared_dir(Path::new(path)).unwrap_err().to_string();
            assert!(error.contains("cannot work in"), "{error}");
        }
    }
}
