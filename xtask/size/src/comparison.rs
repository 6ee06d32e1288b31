//! The context of comparisons of our OpenCV with others: the function, linking it with other libraries, and a cache of
//! results. A cached result is used if the libraries, the function and the measuring code are the same.

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

/// The digest of the measuring code, part of the cache's key: other code may have other results.
const CODE_DIGEST: &str = env!("COMPARISON_CODE_DIGEST");

#[derive(Clone, Debug, Default)]
pub struct LinkedSizes {
    pub bytes: u64,
    /// Compressed like the zip archive's entry.
    pub compressed_bytes: u64,
    /// The bytes of each library in it, by the library's name for `-l`: `opencv_core`, `png`.
    pub bytes_by_library: BTreeMap<String, u64>,
}

/// Links the function with static libraries, in the given order, instead of the SDK's. The first argument is the name
/// of the output file.
pub type Relink<'a> = dyn Fn(&str, &[PathBuf]) -> Result<LinkedSizes> + 'a;

pub struct ComparisonContext<'a> {
    pub build: &'a Build,
    pub sdk: &'a Sdk,
    pub function: String,
    pub relink: &'a Relink<'a>,
    pub results_dir: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct CachedResult<T> {
    code: String,
    libraries: Fingerprint,
    function: String,
    value: T,
}

impl ComparisonContext<'_> {
    /// The result in the file `name` if it was measured by this code with this function and `libraries`; otherwise the
    /// result of `measure`, which is written to that file.
    pub fn cached_or<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        libraries: Fingerprint,
        measure: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let path = self.results_dir.join(name);
        let text = fs::read(&path).unwrap_or_default();
        if let Ok(result) = serde_json::from_slice::<CachedResult<T>>(&text)
            && (result.code.as_str(), &result.function) == (CODE_DIGEST, &self.function)
            && result.libraries == libraries
        {
            return Ok(result.value);
        }
        let result = CachedResult {
            code: CODE_DIGEST.to_owned(),
            libraries,
            function: self.function.clone(),
            value: measure()?,
        };
        let text = serde_json::to_string_pretty(&result)? + "\n";
        atomic::write(&path, text.as_bytes())?;
        Ok(result.value)
    }

    pub fn has_result(&self, name: &str) -> bool {
        self.results_dir.join(name).is_file()
    }

    pub fn link_with_sdk(&self, name: &str, sdk: &Sdk) -> Result<LinkedSizes> {
        (self.relink)(name, &static_libraries(sdk))
            .with_context(|| format!("failed to link the function with the libraries `{name}`"))
    }
}

/// The static libraries of `sdk`, each before its dependencies.
pub fn static_libraries(sdk: &Sdk) -> Vec<PathBuf> {
    let names = sdk.manifest().link.libraries.iter();
    let folder = sdk.path().join("lib");
    names.map(|name| folder.join(format!("lib{name}.a"))).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use opencv_build::{Library, Link, Manifest, Recipe};
    use package::build::Arguments;

    use super::*;

    pub fn recipe() -> Recipe {
        let build = Build::read(&Arguments::default()).unwrap();
        build.recipe.clone()
    }

    /// An SDK whose manifest lists `libraries` with their sizes; their files do not exist.
    pub fn sdk(folder: &Path, libraries: &[(&str, u64)]) -> Sdk {
        let recipe = recipe();
        let libraries = libraries.iter();
        let manifest = Manifest {
            schema: 2,
            version: recipe.version,
            modules: recipe.modules,
            codecs: recipe.codecs,
            decode_only: recipe.decode_only,
            target: recipe.target,
            cpu: recipe.cpu,
            haar: recipe.haar,
            cxx_standard: 11,
            link: Link {
                libraries: libraries.clone().map(|(name, _)| (*name).into()).collect(),
                system: Vec::new(),
                dependencies: BTreeMap::new(),
                cxx_runtime: "c++".into(),
                cxx_runtime_release: 22,
                optional: BTreeMap::new(),
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
            degraded: Vec::new(),
        };
        fs::create_dir_all(folder).unwrap();
        let text = serde_json::to_vec(&manifest).unwrap();
        fs::write(folder.join("sdk.json"), text).unwrap();
        Sdk::open(folder).unwrap()
    }

    #[test]
    fn results_are_cached_by_libraries_function_and_code() {
        let folder = tempfile::tempdir().unwrap();
        let sdk = sdk(&folder.path().join("sdk"), &[("opencv_core", 4)]);
        let mut ours = ComparisonContext {
            build: &Build::read(&Arguments::default()).unwrap(),
            sdk: &sdk,
            function: String::new(),
            relink: &|_, _| Ok(LinkedSizes::default()),
            results_dir: folder.path().join("results"),
        };
        let libraries = |text: &str| Fingerprint::of([("libraries", text.as_bytes())]);
        assert!(!ours.has_result("x.json"));
        let mut measured = |text: &str, function: &str, value: u64| {
            ours.function = function.to_owned();
            ours.cached_or("x.json", libraries(text), || Ok(value)).unwrap()
        };
        assert_eq!(measured("a", "f", 1), 1);
        assert_eq!(measured("a", "f", 2), 1);
        assert_eq!(measured("b", "f", 3), 3);
        assert_eq!(measured("b", "g", 4), 4);
        assert_eq!(measured("b", "g", 5), 4);
        let path = folder.path().join("results/x.json");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace(CODE_DIGEST, "other code")).unwrap();
        assert_eq!(measured("b", "g", 6), 6);
        assert!(ours.has_result("x.json"));
        let failed = ours.cached_or("y.json", libraries("a"), || anyhow::bail!("no") as Result<u64>);
        assert!(failed.is_err() && !ours.has_result("y.json"));
    }

    #[test]
    fn static_libraries_are_in_link_order() {
        let folder = tempfile::tempdir().unwrap();
        let sdk = sdk(folder.path(), &[("opencv_imgproc", 1), ("opencv_core", 2)]);
        let lib = folder.path().join("lib");
        let expected = ["libopencv_imgproc.a", "libopencv_core.a"].map(|file| lib.join(file));
        assert_eq!(static_libraries(&sdk), expected);
    }
}
