//! OpenCV with all modules that it builds by default, beside ours: from both builds and the function
//! linked with each to what leaving things out has saved, library by library.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use opencv_build::Library;
use opencv_build::internals::{Baseline as Full, Description, Effort};
use support::fingerprint::Fingerprint;
use support::progress::tell;

use super::place;
use super::report::{Baseline, BaselineModule};
use super::variant::{Linked, Ours};

const FILE: &str = "baseline.json";

struct Side<'a> {
    libraries: &'a [Library],
    effort: &'a Effort,
    linked: &'a Linked,
}

/// Builds the baseline unless it is there, which takes about three times as long as the SDK.
pub fn build(ours: &Ours) -> Result<()> {
    let build = ours.build;
    Full::build(&build.recipe, &build.paths, &build.driver)
        .context("failed to build all of OpenCV's default modules")?;
    Ok(())
}

/// What the baseline that was built is beside ours; none where nobody built it.
pub fn of(ours: &Ours) -> Result<Option<Baseline>> {
    let (recipe, paths) = (&ours.build.recipe, &ours.build.paths);
    let Some(full) = Full::present(recipe, paths)? else {
        if ours.has(FILE) {
            tell(
                "the kept baseline is of another source, compiler or option and is not shown; \
                 `cargo xtask size --baseline full` builds it again",
            );
        }
        return Ok(None);
    };
    let description = &full.description;
    let fingerprints =
        [&description.fingerprint, &ours.sdk.manifest().fingerprint].map(ToString::to_string);
    let effort = Effort::of(&paths.work(&recipe.target))?;
    let known = serde_json::to_vec(&effort)?;
    let inputs = fingerprints.iter().map(|text| ("build", text.as_bytes()));
    // A result without our times is not that of the build whose times are known.
    let libraries = Fingerprint::of(inputs.chain([("effort", known.as_slice())]));
    let measure = || {
        let theirs = (ours.relink)("baseline", &full.paths())
            .context("failed to link the function with all of OpenCV's default modules")?;
        let linked = ours.linked_with("ours", ours.sdk)?;
        if effort.seconds.is_empty() {
            tell("how long our libraries took to compile is not known: they were built elsewhere");
        }
        let ours = Side {
            libraries: &ours.sdk.manifest().libraries,
            effort: &effort,
            linked: &linked,
        };
        Ok(compare(description, &theirs, &ours))
    };
    ours.kept_or(FILE, libraries, measure).map(Some)
}

fn compare(full: &Description, theirs: &Linked, ours: &Side) -> Baseline {
    let theirs = Side {
        libraries: &full.libraries,
        effort: &full.effort,
        linked: theirs,
    };
    let names: BTreeSet<_> = theirs.names().chain(ours.names()).collect();
    let modules = names.into_iter().map(|name| BaselineModule {
        name: place::of_library(name, "").component,
        library: theirs.library(name),
        our_library: ours.library(name),
        binary: theirs.binary(name),
        our_binary: ours.binary(name),
        seconds: theirs.seconds(name),
        our_seconds: ours.seconds(name),
    });
    let mut modules: Vec<_> = modules.collect();
    // The largest first; those of one size stay in the order of their names.
    modules.sort_by_key(|module| std::cmp::Reverse(module.library));
    Baseline {
        what: format!(
            "OpenCV {} with all modules that it builds by default",
            full.version
        ),
        bootstrap: theirs.linked.binary,
        seconds: modules.iter().map(|module| module.seconds).sum(),
        our_seconds: modules.iter().map(|module| module.our_seconds).sum(),
        modules,
        missing: Full::missing(),
    }
}

impl Side<'_> {
    /// The names that the libraries are linked by.
    fn names(&self) -> impl Iterator<Item = &str> {
        let files = self.libraries.iter();
        files.filter_map(|library| library.file.strip_prefix("lib")?.strip_suffix(".a"))
    }

    fn library(&self, name: &str) -> u64 {
        let file = format!("lib{name}.a");
        let library = self.libraries.iter().find(|library| library.file == file);
        library.map_or(0, |library| library.bytes)
    }

    fn binary(&self, name: &str) -> u64 {
        self.linked.by_library.get(name).copied().unwrap_or(0)
    }

    fn seconds(&self, name: &str) -> f64 {
        self.effort.seconds.get(name).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::variant::tests::recipe;

    fn library(name: &str, bytes: u64) -> Library {
        Library {
            file: format!("lib{name}.a"),
            bytes,
        }
    }

    fn by_name<T: Copy>(values: &[(&str, T)]) -> BTreeMap<String, T> {
        let values = values.iter();
        values
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect()
    }

    #[test]
    fn each_library_of_either_side_is_a_row_the_largest_first() {
        let recipe = recipe();
        let full = Description {
            version: recipe.version,
            target: recipe.target,
            libraries: vec![library("opencv_core", 10), library("opencv_dnn", 90)],
            system: Vec::new(),
            effort: Effort {
                seconds: by_name(&[("opencv_core", 8.0), ("opencv_dnn", 100.0), ("gone", 1.0)]),
            },
            fingerprint: Fingerprint::of([("a", "b".as_bytes())]),
        };
        let theirs = Linked {
            binary: 70,
            packed: 30,
            by_library: by_name(&[("opencv_core", 6), ("opencv_dnn", 0)]),
        };
        let ours = Side {
            libraries: &[library("png", 3), library("opencv_core", 7)],
            effort: &Effort {
                seconds: by_name(&[("png", 2.0), ("opencv_core", 5.0)]),
            },
            linked: &Linked {
                binary: 40,
                packed: 20,
                by_library: by_name(&[("png", 1), ("opencv_core", 4)]),
            },
        };
        let found = compare(&full, &theirs, &ours);
        let rows: Vec<_> = found
            .modules
            .iter()
            .map(|m| {
                (
                    m.name.as_str(),
                    m.library,
                    m.our_library,
                    m.binary,
                    m.our_binary,
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                ("dnn", 90, 0, 0, 0),
                ("core", 10, 7, 6, 4),
                ("libpng", 0, 3, 0, 1)
            ]
        );
        assert_eq!(found.bootstrap, 70);
        // What is no library counts on neither side.
        assert_eq!((found.seconds, found.our_seconds), (108.0, 7.0));
        assert!(found.what.contains("4.5.5"));
        assert!(!found.missing.is_empty());
    }
}
