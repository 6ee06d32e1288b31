//! The SDK: a folder with everything needed to build a program against our OpenCV.
//!
//! ```text
//! bin/               its compiler, and opencv-env, which prints the settings for its users
//! include/opencv4/   headers
//! lib/lib*.a         static libraries, third-party ones included
//! lib/cmake, lib/pkgconfig   packages for cmake and pkg-config
//! share/haarcascades, share/lbpcascades, share/yunet, share/samples, share/licenses
//! requirements.txt   pip's list of the tools that the programs in bin call
//! sdk.json           content and link order
//! ```
//!
//! It is created atomically, and can be moved.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::environment::sdk_variables;
use crate::manifest::Manifest;
use crate::third_party::LICENSES_DIR;

/// A complete SDK, against which a program has been linked.
#[derive(Clone, Debug)]
pub struct Sdk {
    path: PathBuf,
    manifest: Manifest,
}

#[expect(missing_docs, reason = "the names are self-explanatory")]
impl Sdk {
    /// The SDK in `path`, if it exists and all files in its manifest exist with their sizes.
    pub fn open(path: &Path) -> Option<Self> {
        let text = fs::read(path.join("sdk.json")).ok()?;
        let manifest: Manifest = serde_json::from_slice(&text).ok()?;
        let is_complete = manifest
            .files
            .iter()
            .all(|(name, bytes)| fs::metadata(path.join(name)).is_ok_and(|file| file.len() == *bytes));
        is_complete.then(|| Self {
            path: path.to_owned(),
            manifest,
        })
    }

    pub(crate) fn from_parts(path: &Path, manifest: Manifest) -> Self {
        Self {
            path: path.to_owned(),
            manifest,
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn licenses_dir(&self) -> PathBuf {
        self.path.join(LICENSES_DIR)
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Environment variables that make the build script of the crate `opencv` bind and link this SDK and no other
    /// OpenCV.
    pub fn environment(&self) -> Vec<(String, OsString)> {
        let Manifest {
            link,
            target,
            fingerprint,
            ..
        } = &self.manifest;
        let path = |path: &str| match path {
            "" => self.path.clone().into(),
            path => self.path.join(path).into(),
        };
        sdk_variables(path, link, target, fingerprint)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::manifest::Link;
    use support::fingerprint::Fingerprint;

    pub(crate) fn manifest(bytes: u64) -> Manifest {
        let recipe = crate::recipe::tests::recipe();
        Manifest {
            schema: 2,
            version: recipe.version,
            modules: recipe.modules,
            codecs: recipe.codecs,
            decode_only: recipe.decode_only,
            target: recipe.target,
            cpu: recipe.cpu,
            haar: recipe.haar,
            cxx_standard: recipe.cxx_standard,
            link: Link {
                libraries: vec!["opencv_core".into(), "zlib".into()],
                system: vec!["pthread".into()],
                dependencies: BTreeMap::new(),
                cxx_runtime: "c++".into(),
                cxx_runtime_release: 22,
                optional: BTreeMap::new(),
            },
            libraries: Vec::new(),
            third_party: Vec::new(),
            files: BTreeMap::from([("lib/libopencv_core.a".into(), bytes)]),
            fingerprint: Fingerprint::of([("a", "b".as_bytes())]),
            source: "test".into(),
            tools: BTreeMap::new(),
            degraded: Vec::new(),
        }
    }

    /// Writes an SDK with one file of four bytes, which its manifest says to have `bytes`.
    pub(crate) fn write(folder: &Path, bytes: u64) {
        fs::create_dir_all(folder.join("lib")).unwrap();
        fs::write(folder.join("lib/libopencv_core.a"), "1234").unwrap();
        let text = serde_json::to_vec(&manifest(bytes)).unwrap();
        fs::write(folder.join("sdk.json"), text).unwrap();
    }

    #[test]
    fn incomplete_sdk_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Sdk::open(folder.path()).is_none());
        write(folder.path(), 4);
        assert!(Sdk::open(folder.path()).is_some());
        fs::write(folder.path().join("lib/libopencv_core.a"), "12").unwrap();
        assert!(Sdk::open(folder.path()).is_none());
    }

    #[test]
    fn environment_lists_libraries_in_link_order() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 4);
        let environment = Sdk::open(folder.path()).unwrap().environment();
        let libraries = &environment.iter().find(|(n, _)| n == "OPENCV_LINK_LIBS").unwrap().1;
        assert_eq!(libraries, "static=opencv_core,static=zlib,pthread");
    }
}
