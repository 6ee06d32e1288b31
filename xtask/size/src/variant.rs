//! What comparing our OpenCV with others takes: the function, how it is linked with other libraries, and
//! where results are kept. From a value that was measured to the same value in a later run, as long as
//! the libraries, the function and the code that measures are the same.

use std::collections::BTreeMap;
use std::path::PathBuf;

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

pub struct Ours<'a> {
    pub build: &'a Build,
    pub sdk: &'a Sdk,
    pub function: String,
    pub relink: &'a Relink<'a>,
    pub results: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Kept<T> {
    code: String,
    libraries: Fingerprint,
    function: String,
    value: T,
}

impl Ours<'_> {
    /// The result in the file `name`, if it was measured by this code with this function and `libraries`; or
    /// else what `measure` finds, which is kept.
    pub fn kept_or<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        libraries: Fingerprint,
        measure: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let path = self.results.join(name);
        let text = fs::read(&path).unwrap_or_default();
        if let Ok(kept) = serde_json::from_slice::<Kept<T>>(&text)
            && (kept.code.as_str(), &kept.function) == (CODE, &self.function)
            && kept.libraries == libraries
        {
            return Ok(kept.value);
        }
        let kept = Kept {
            code: CODE.to_owned(),
            libraries,
            function: self.function.clone(),
            value: measure()?,
        };
        let text = serde_json::to_string_pretty(&kept)? + "\n";
        atomic::write(&path, text.as_bytes())?;
        Ok(kept.value)
    }

    pub fn has(&self, name: &str) -> bool {
        self.results.join(name).is_file()
    }

    pub fn linked_with(&self, name: &str, sdk: &Sdk) -> Result<Linked> {
        (self.relink)(name, &libraries(sdk))
            .with_context(|| format!("failed to link the function with the libraries `{name}`"))
    }
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
    use std::path::Path;

    use opencv_build::{Library, Link, Manifest, Recipe};
    use package::build::Arguments;

    use super::*;

    /// The project's own recipe.
    pub fn recipe() -> Recipe {
        let build = Build::read(&Arguments::default()).unwrap();
        build.recipe.clone()
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

    #[test]
    fn a_result_is_measured_again_for_other_libraries_and_another_function_only() {
        let folder = tempfile::tempdir().unwrap();
        let sdk = sdk(&folder.path().join("sdk"), &[("opencv_core", 4)]);
        let mut ours = Ours {
            build: &Build::read(&Arguments::default()).unwrap(),
            sdk: &sdk,
            function: String::new(),
            relink: &|_, _| Ok(Linked::default()),
            results: folder.path().join("results"),
        };
        let libraries = |text: &str| Fingerprint::of([("libraries", text.as_bytes())]);
        assert!(!ours.has("x.json"));
        let mut measured = |text: &str, function: &str, value: u64| {
            ours.function = function.to_owned();
            ours.kept_or("x.json", libraries(text), || Ok(value))
                .unwrap()
        };
        assert_eq!(measured("a", "f", 1), 1);
        assert_eq!(measured("a", "f", 2), 1);
        assert_eq!(measured("b", "f", 3), 3);
        assert_eq!(measured("b", "g", 4), 4);
        assert_eq!(measured("b", "g", 5), 4);
        let path = folder.path().join("results/x.json");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace(CODE, "other code")).unwrap();
        assert_eq!(measured("b", "g", 6), 6);
        assert!(ours.has("x.json"));
        let failed = ours.kept_or("y.json", libraries("a"), || {
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
