//! What comparing our OpenCV with others takes: the function, how it is linked with other libraries, and
//! where results are kept. From a value that was measured to the same value in a later run, as long as
//! the libraries, the function and the code that measures are the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use opencv_build::Sdk;
use package::build::Build;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use support::fingerprint::Fingerprint;

use support::atomic;

/// The code that measures: a result of other code may be another one.
const CODE: &str = env!("CODE_OF_COMPARISONS");

#[derive(Clone, Debug, Default)]
pub struct Linked {
    pub binary: u64,
    /// The same, packed as the zip archive's entry.
    pub packed: u64,
    /// How much of each library is in it, by the name that the library is linked by: `opencv_core`, `png`.
    pub by_library: BTreeMap<String, u64>,
}

/// Links the function with static libraries, in the order given, in place of the SDK's. The name is for
/// what comes out.
pub type Relink<'a> = dyn Fn(&str, &[PathBuf]) -> Result<Linked> + 'a;

/// What is compared with other builds.
pub struct Ours<'a> {
    /// What the SDK was built from, and how.
    pub build: &'a Build,
    pub sdk: &'a Sdk,
    /// A digest of the function's binary.
    pub function: String,
    pub relink: &'a Relink<'a>,
    pub results: PathBuf,
}

/// What a result was measured with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    pub libraries: Fingerprint,
    pub function: String,
}

/// A result as a file has it.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    code: String,
    #[serde(flatten)]
    key: Key,
    value: T,
}

impl Ours<'_> {
    /// The result in the file `name`, if it was measured with `key`; or else what `measure` finds, which
    /// is kept.
    pub fn kept_or<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        key: Key,
        measure: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let path = self.results.join(name);
        if let Some(value) = read(&path, &key) {
            return Ok(value);
        }
        let kept = Kept {
            code: CODE.to_owned(),
            key,
            value: measure()?,
        };
        atomic::write(
            &path,
            (serde_json::to_string_pretty(&kept)? + "\n").as_bytes(),
        )?;
        Ok(kept.value)
    }

    /// Whether there is a file `name`, of these libraries or of others.
    pub fn has(&self, name: &str) -> bool {
        self.results.join(name).is_file()
    }

    /// The function linked with the libraries of `sdk`.
    pub fn linked_with(&self, name: &str, sdk: &Sdk) -> Result<Linked> {
        (self.relink)(name, &libraries(sdk))
            .with_context(|| format!("failed to link the function with the libraries `{name}`"))
    }
}

/// A kept value; none where the file is of other code, other libraries or another function.
fn read<T: DeserializeOwned>(path: &Path, key: &Key) -> Option<T> {
    let text = fs::read(path).ok()?;
    let kept: Kept<T> = serde_json::from_slice(&text).ok()?;
    (kept.code == CODE && kept.key == *key).then_some(kept.value)
}

/// The static libraries of `sdk`, each before those that it needs.
pub fn libraries(sdk: &Sdk) -> Vec<PathBuf> {
    let names = sdk.manifest().link.libraries.iter();
    let folder = sdk.path().join("lib");
    names
        .map(|name| folder.join(format!("lib{name}.a")))
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use opencv_build::{Library, Link, Manifest, Recipe};
    use package::build::Arguments;

    use super::*;

    /// The project's own recipe.
    pub fn recipe() -> Recipe {
        let build = Build::read(&Arguments::default()).unwrap();
        build.recipe().clone()
    }

    /// An SDK of empty libraries that says of each how large it is.
    pub fn sdk(folder: &Path, libraries: &[(&str, u64)]) -> Sdk {
        let recipe = recipe();
        let libraries = libraries.iter();
        let manifest = Manifest {
            schema: 1,
            version: recipe.version,
            modules: recipe.modules,
            codecs: recipe.codecs,
            target: recipe.target,
            cpu: recipe.cpu,
            haar: recipe.haar,
            cxx_standard: 11,
            link: Link {
                libraries: libraries.clone().map(|(name, _)| (*name).into()).collect(),
                system: Vec::new(),
                needs: BTreeMap::new(),
                cxx_runtime: "c++".into(),
                cxx_runtime_release: 22,
            },
            libraries: libraries
                .map(|(name, bytes)| Library {
                    file: format!("lib{name}.a"),
                    bytes: *bytes,
                })
                .collect(),
            third_party: Vec::new(),
            files: BTreeMap::new(),
            fingerprint: Fingerprint::of([("a", "b".as_bytes())]),
            source: "test".into(),
            tools: BTreeMap::new(),
            lacks: Vec::new(),
        };
        fs::create_dir_all(folder).unwrap();
        let text = serde_json::to_vec(&manifest).unwrap();
        fs::write(folder.join("sdk.json"), text).unwrap();
        Sdk::open(folder).unwrap()
    }

    fn key(libraries: &str, function: &str) -> Key {
        Key {
            libraries: Fingerprint::of([("libraries", libraries.as_bytes())]),
            function: function.to_owned(),
        }
    }

    #[test]
    fn a_result_is_measured_again_for_other_libraries_and_another_function_only() {
        let folder = tempfile::tempdir().unwrap();
        let sdk = sdk(&folder.path().join("sdk"), &[("opencv_core", 4)]);
        let ours = Ours {
            build: &Build::read(&Arguments::default()).unwrap(),
            sdk: &sdk,
            function: String::new(),
            relink: &|_, _| Ok(Linked::default()),
            results: folder.path().join("results"),
        };
        let measured = |key: Key, value: u64| ours.kept_or("x.json", key, || Ok(value)).unwrap();
        assert!(!ours.has("x.json"));
        assert_eq!(measured(key("a", "f"), 1), 1);
        assert!(ours.has("x.json"));
        assert_eq!(measured(key("a", "f"), 2), 1);
        assert_eq!(measured(key("b", "f"), 3), 3);
        assert_eq!(measured(key("b", "g"), 4), 4);
        assert_eq!(measured(key("b", "g"), 5), 4);
        let path = folder.path().join("results/x.json");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace(CODE, "other code")).unwrap();
        assert_eq!(measured(key("b", "g"), 6), 6);
        let failed = ours.kept_or("y.json", key("a", "f"), || {
            anyhow::bail!("no") as Result<u64>
        });
        assert!(failed.is_err() && !ours.has("y.json"));
    }

    #[test]
    fn libraries_are_named_in_link_order() {
        let folder = tempfile::tempdir().unwrap();
        let sdk = sdk(folder.path(), &[("opencv_imgproc", 1), ("opencv_core", 2)]);
        let lib = folder.path().join("lib");
        let expected = ["libopencv_imgproc.a", "libopencv_core.a"].map(|file| lib.join(file));
        assert_eq!(libraries(&sdk), expected);
    }
}
