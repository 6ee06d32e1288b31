//! The SDK: a folder with everything that a program needs to be built against our OpenCV.
//!
//! ```text
//! include/opencv4/   headers
//! lib/lib*.a         static libraries, third-party ones included
//! share/haarcascades, share/lbpcascades, share/samples, share/licenses
//! sdk.json           what this is and how to link it
//! ```
//!
//! It appears whole or not at all, and nothing in it depends on where it lies.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::configure::Workshop;
use crate::fingerprint::Fingerprint;
use crate::install::Installed;
use crate::links::LinkList;
use crate::probe;
use crate::recipe::{Cpu, Recipe};
use crate::source::SourceArchive;
use crate::target::Target;
use crate::tree::{SourceTree, sorted_entries};

/// `sdk.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this file's form.
    pub schema: u32,
    /// OpenCV's version.
    pub version: String,
    /// Modules, each after those that it requires.
    pub modules: Vec<String>,
    /// Image formats.
    pub codecs: BTreeSet<String>,
    /// Where the libraries run.
    pub target: Target,
    /// Instruction sets.
    pub cpu: Cpu,
    /// The C++ standard.
    pub cxx_standard: u8,
    /// How to link.
    pub link: Link,
    /// Each file in `lib/`.
    pub libraries: Vec<Library>,
    /// Of everything that went in.
    pub fingerprint: Fingerprint,
    /// Where the source came from.
    pub source: String,
    /// Versions of the tools.
    pub tools: BTreeMap<String, String>,
}

/// How to link a program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    /// Static libraries in `lib/`, each before those that it needs.
    pub libraries: Vec<String>,
    /// Libraries of the system, after them.
    pub system: Vec<String>,
    /// The C++ runtime that the libraries were compiled for.
    pub cxx_runtime: String,
}

/// A static library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// Its file name.
    pub file: String,
    /// Its size.
    pub bytes: u64,
}

/// An SDK that is whole, and that a program has been linked against.
#[derive(Clone, Debug)]
pub struct Sdk {
    path: PathBuf,
    manifest: Manifest,
}

impl Sdk {
    /// The SDK in `path`, if one is there and has all of its libraries.
    pub fn open(path: &Path) -> Option<Self> {
        let text = fs::read(path.join("sdk.json")).ok()?;
        let manifest: Manifest = serde_json::from_slice(&text).ok()?;
        let whole = manifest.libraries.iter().all(|library| {
            fs::metadata(path.join("lib").join(&library.file))
                .is_ok_and(|file| file.len() == library.bytes)
        });
        whole.then(|| Self {
            path: path.to_owned(),
            manifest,
        })
    }

    /// Puts the SDK together from what was installed, links a program against it, and only then
    /// gives it its name, `path`.
    pub fn assemble(
        recipe: &Recipe,
        source: &SourceArchive,
        tree: &SourceTree,
        installed: &Installed,
        fingerprint: &Fingerprint,
        workshop: &Workshop,
        path: &Path,
    ) -> Result<Self> {
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)
            .with_context(|| format!("failed to create `{}`", parent.display()))?;
        let partial = tempfile::Builder::new()
            .prefix(".partial-")
            .tempdir_in(parent)
            .with_context(|| format!("failed to create a folder in `{}`", parent.display()))?;
        let folder = partial.path().join("sdk");

        let links = LinkList::of(installed.prefix())?;
        copy_files(installed, tree, &links, &folder)?;
        let manifest = Manifest {
            schema: 1,
            version: recipe.version.clone(),
            modules: recipe.modules.clone(),
            codecs: recipe.codecs.clone(),
            target: recipe.target,
            cpu: recipe.cpu.clone(),
            cxx_standard: recipe.cxx_standard,
            libraries: libraries(&folder.join("lib"))?,
            link: Link {
                libraries: links.libraries.into_iter().map(|(name, _)| name).collect(),
                system: links.system,
                cxx_runtime: "c++".to_owned(),
            },
            fingerprint: fingerprint.clone(),
            source: source.description().to_owned(),
            tools: workshop.toolchain.versions().clone(),
        };
        let text = serde_json::to_string_pretty(&manifest)? + "\n";
        fs::write(folder.join("sdk.json"), text)
            .with_context(|| format!("failed to write in `{}`", folder.display()))?;
        probe::check(&folder, &manifest, recipe, workshop)?;
        replace(path, &folder, partial.path())?;
        Ok(Self {
            path: path.to_owned(),
            manifest,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What the build script of the crate `opencv` must find in the environment to bind and link
    /// this SDK and nothing else.
    pub fn environment(&self) -> Vec<(String, OsString)> {
        let link = &self.manifest.link;
        let own = link.libraries.iter().map(|name| format!("static={name}"));
        let libraries: Vec<_> = own.chain(link.system.iter().cloned()).collect();
        let variable = |name: &str, value: OsString| (name.to_owned(), value);
        let runtime = format!(
            "CXXSTDLIB_{}",
            self.manifest.target.rust_triple().replace('-', "_")
        );
        vec![
            variable("OPENCV_SDK", self.path.clone().into()),
            variable("OPENCV_LINK_LIBS", libraries.join(",").into()),
            variable("OPENCV_LINK_PATHS", self.path.join("lib").into()),
            variable(
                "OPENCV_INCLUDE_PATHS",
                self.path.join("include/opencv4").into(),
            ),
            variable(
                "OPENCV_DISABLE_PROBES",
                "pkg_config,cmake,vcpkg_cmake,vcpkg".into(),
            ),
            variable(&runtime, link.cxx_runtime.clone().into()),
            // Nothing asks vcpkg. But the build script runs again when this changes, as it must
            // when another SDK lies in the same folder.
            variable(
                "OPENCV_VCPKG_NAME",
                self.manifest.fingerprint.to_string().into(),
            ),
        ]
    }
}

/// Copies what belongs into an SDK. OpenCV's own cmake and pkg-config files stay behind: they
/// name libraries by paths that the SDK does not have.
fn copy_files(
    installed: &Installed,
    tree: &SourceTree,
    links: &LinkList,
    folder: &Path,
) -> Result<()> {
    let prefix = installed.prefix();
    copy_tree(&prefix.join("include"), &folder.join("include"))?;
    for (name, file) in &links.libraries {
        copy(file, &folder.join(format!("lib/lib{name}.a")))?;
    }
    let share = folder.join("share");
    for cascades in ["haarcascades", "lbpcascades"] {
        copy_tree(
            &prefix.join("share/opencv4").join(cascades),
            &share.join(cascades),
        )?;
    }
    copy_tree(&tree.path().join("samples/data"), &share.join("samples"))?;
    copy_tree(
        &prefix.join("share/licenses/opencv4"),
        &share.join("licenses"),
    )?;
    copy(
        &tree.path().join("LICENSE"),
        &share.join("licenses/opencv-LICENSE"),
    )?;
    copy(
        &tree.path().join("COPYRIGHT"),
        &share.join("licenses/opencv-COPYRIGHT"),
    )
}

/// Gives `folder` the name `path`. What had the name goes into `partial`, to be deleted with it.
fn replace(path: &Path, folder: &Path, partial: &Path) -> Result<()> {
    if path.exists() {
        fs::rename(path, partial.join("old"))
            .with_context(|| format!("failed to replace `{}`", path.display()))?;
    }
    fs::rename(folder, path).with_context(|| format!("failed to create `{}`", path.display()))
}

fn libraries(folder: &Path) -> Result<Vec<Library>> {
    let mut found = Vec::new();
    for path in sorted_entries(folder)? {
        let bytes = fs::metadata(&path)
            .with_context(|| format!("failed to read `{}`", path.display()))?
            .len();
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else {
            bail!("`{}` has no name", path.display());
        };
        found.push(Library {
            file: file.to_owned(),
            bytes,
        });
    }
    Ok(found)
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    for path in sorted_entries(from)? {
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_tree(&path, &target)?;
        } else {
            copy(&path, &target)?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let copy = || {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(from, to)
    };
    copy().with_context(|| format!("failed to copy `{}` to `{}`", from.display(), to.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(bytes: u64) -> Manifest {
        let recipe = crate::recipe::tests::recipe();
        Manifest {
            schema: 1,
            version: recipe.version,
            modules: recipe.modules,
            codecs: recipe.codecs,
            target: recipe.target,
            cpu: recipe.cpu,
            cxx_standard: recipe.cxx_standard,
            link: Link {
                libraries: vec!["opencv_core".into(), "zlib".into()],
                system: vec!["pthread".into()],
                cxx_runtime: "c++".into(),
            },
            libraries: vec![Library {
                file: "libopencv_core.a".into(),
                bytes,
            }],
            fingerprint: Fingerprint::of([("a", "b".as_bytes())]),
            source: "test".into(),
            tools: BTreeMap::new(),
        }
    }

    fn write(folder: &Path, bytes: u64) {
        fs::create_dir_all(folder.join("lib")).unwrap();
        fs::write(folder.join("lib/libopencv_core.a"), "1234").unwrap();
        let text = serde_json::to_vec(&manifest(bytes)).unwrap();
        fs::write(folder.join("sdk.json"), text).unwrap();
    }

    #[test]
    fn only_a_whole_sdk_opens() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Sdk::open(folder.path()).is_none());
        write(folder.path(), 4);
        assert!(Sdk::open(folder.path()).is_some());
        fs::write(folder.path().join("lib/libopencv_core.a"), "12").unwrap();
        assert!(Sdk::open(folder.path()).is_none());
    }

    #[test]
    fn the_environment_names_libraries_in_link_order() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 4);
        let environment = Sdk::open(folder.path()).unwrap().environment();
        let libraries = &environment
            .iter()
            .find(|(n, _)| n == "OPENCV_LINK_LIBS")
            .unwrap()
            .1;
        assert_eq!(libraries, "static=opencv_core,static=zlib,pthread");
    }

    #[test]
    fn an_sdk_takes_the_place_of_the_one_before() {
        let parent = tempfile::tempdir().unwrap();
        let (path, new) = (parent.path().join("sdk"), parent.path().join("new"));
        write(&path, 4);
        fs::create_dir(&new).unwrap();
        fs::write(new.join("marker"), "").unwrap();
        replace(&path, &new, parent.path()).unwrap();
        assert!(path.join("marker").exists() && !path.join("sdk.json").exists());
    }
}
