//! Compares OpenCV with all modules that it builds by default with ours, library by library: the libraries, and the
//! function linked with each.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use opencv_build::Library;
use opencv_build::internals::{Baseline as Full, BaselineManifest, CompileTime};
use support::fingerprint::Fingerprint;
use support::progress::print_status;

use super::attribution;
use super::comparison::{ComparisonContext, LinkedSizes};
use super::report::{Baseline, BaselineModule};

const FILE: &str = "baseline.json";

struct BuildSizes<'a> {
    libraries: &'a [Library],
    compile_time: &'a CompileTime,
    linked: &'a LinkedSizes,
}

/// Builds the baseline if it is missing, which takes about three times as long as the SDK.
pub fn build(context: &ComparisonContext) -> Result<()> {
    let build = context.build;
    Full::build(&build.recipe, &build.paths, &build.launcher)
        .context("failed to build all of OpenCV's default modules")?;
    Ok(())
}

/// Compares the baseline with ours; none if no baseline of this recipe was built.
pub fn measure(context: &ComparisonContext) -> Result<Option<Baseline>> {
    let (recipe, paths) = (&context.build.recipe, &context.build.paths);
    let Some(full) = Full::find_cached(recipe, paths)? else {
        if context.has_result(FILE) {
            print_status(
                "the baseline was built from another source, or with another compiler or option, and is not shown; \
                 `cargo xtask size --baseline full` builds it again",
            );
        }
        return Ok(None);
    };
    let manifest = &full.manifest;
    let fingerprints = [&manifest.fingerprint, &context.sdk.manifest().fingerprint].map(ToString::to_string);
    let compile_time = CompileTime::read(&paths.work_dir(&recipe.target))?;
    let known = serde_json::to_vec(&compile_time)?;
    let inputs = fingerprints.iter().map(|text| ("build", text.as_bytes()));
    // A cached result without our compile times is not reused once they are known.
    let libraries = Fingerprint::of(inputs.chain([("compile time", known.as_slice())]));
    let compare_builds = || {
        let theirs = (context.relink)("baseline", &full.library_paths())
            .context("failed to link the function with all of OpenCV's default modules")?;
        let linked = context.link_with_sdk("ours", context.sdk)?;
        if compile_time.seconds.is_empty() {
            print_status("the compile times of our libraries are not known: they were built elsewhere");
        }
        let ours = BuildSizes {
            libraries: &context.sdk.manifest().libraries,
            compile_time: &compile_time,
            linked: &linked,
        };
        Ok(compare(manifest, &theirs, &ours))
    };
    context.cached_or(FILE, libraries, compare_builds).map(Some)
}

fn compare(full: &BaselineManifest, theirs: &LinkedSizes, ours: &BuildSizes) -> Baseline {
    let theirs = BuildSizes {
        libraries: &full.libraries,
        compile_time: &full.compile_time,
        linked: theirs,
    };
    let names: BTreeSet<_> = theirs.names().chain(ours.names()).collect();
    let modules = names.into_iter().map(|name| BaselineModule {
        name: attribution::of_library(name, "").component,
        library_bytes: theirs.library_bytes(name),
        our_library_bytes: ours.library_bytes(name),
        linked_bytes: theirs.linked_bytes(name),
        our_linked_bytes: ours.linked_bytes(name),
        compile_seconds: theirs.compile_seconds(name),
        our_compile_seconds: ours.compile_seconds(name),
    });
    let mut modules: Vec<_> = modules.collect();
    // The sort is stable: modules of the same size stay in the order of their names.
    modules.sort_by_key(|module| std::cmp::Reverse(module.library_bytes));
    Baseline {
        description: format!("OpenCV {} with all modules that it builds by default", full.version),
        bootstrap_bytes: theirs.linked.bytes,
        compile_seconds: modules.iter().map(|module| module.compile_seconds).sum(),
        our_compile_seconds: modules.iter().map(|module| module.our_compile_seconds).sum(),
        modules,
        missing: Full::missing_features(),
    }
}

impl BuildSizes<'_> {
    /// The names for `-l`.
    fn names(&self) -> impl Iterator<Item = &str> {
        let files = self.libraries.iter();
        files.filter_map(|library| library.file.strip_prefix("lib")?.strip_suffix(".a"))
    }

    fn library_bytes(&self, name: &str) -> u64 {
        let file = format!("lib{name}.a");
        let library = self.libraries.iter().find(|library| library.file == file);
        library.map_or(0, |library| library.bytes)
    }

    fn linked_bytes(&self, name: &str) -> u64 {
        self.linked.bytes_by_library.get(name).copied().unwrap_or(0)
    }

    fn compile_seconds(&self, name: &str) -> f64 {
        self.compile_time.seconds.get(name).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::comparison::tests::recipe;

    fn library(name: &str, bytes: u64) -> Library {
        Library {
            file: format!("lib{name}.a"),
            bytes,
        }
    }

    fn by_name<T: Copy>(values: &[(&str, T)]) -> BTreeMap<String, T> {
        let values = values.iter();
        values.map(|(name, value)| ((*name).to_owned(), *value)).collect()
    }

    #[test]
    fn modules_of_both_builds_are_listed_by_library_size() {
        let recipe = recipe();
        let full = BaselineManifest {
            version: recipe.version,
            target: recipe.target,
            libraries: vec![library("opencv_core", 10), library("opencv_dnn", 90)],
            system: Vec::new(),
            compile_time: CompileTime {
                seconds: by_name(&[("opencv_core", 8.0), ("opencv_dnn", 100.0), ("gone", 1.0)]),
            },
            fingerprint: Fingerprint::of([("a", "b".as_bytes())]),
        };
        let theirs = LinkedSizes {
            bytes: 70,
            compressed_bytes: 30,
            bytes_by_library: by_name(&[("opencv_core", 6), ("opencv_dnn", 0)]),
        };
        let ours = BuildSizes {
            libraries: &[library("png", 3), library("opencv_core", 7)],
            compile_time: &CompileTime {
                seconds: by_name(&[("png", 2.0), ("opencv_core", 5.0)]),
            },
            linked: &LinkedSizes {
                bytes: 40,
                compressed_bytes: 20,
                bytes_by_library: by_name(&[("png", 1), ("opencv_core", 4)]),
            },
        };
        let found = compare(&full, &theirs, &ours);
        let rows: Vec<_> = found
            .modules
            .iter()
            .map(|m| {
                (
                    m.name.as_str(),
                    m.library_bytes,
                    m.our_library_bytes,
                    m.linked_bytes,
                    m.our_linked_bytes,
                )
            })
            .collect();
        assert_eq!(
            rows,
            [("dnn", 90, 0, 0, 0), ("core", 10, 7, 6, 4), ("libpng", 0, 3, 0, 1)]
        );
        assert_eq!(found.bootstrap_bytes, 70);
        // Times of targets that are not libraries are not counted.
        assert_eq!((found.compile_seconds, found.our_compile_seconds), (108.0, 7.0));
        assert!(found.description.contains("4.5.5"));
        assert!(!found.missing.is_empty());
    }
}
