//! That an SDK is stale when something that makes it has changed, and only then: code and data by digests of a
//! copy of this crate in which one file after the other is changed, all else by values.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use code_digest::Code;
use support::files::{all_files, copy_tree};

use super::*;
use crate::recipe::tests::recipe;

#[path = "../../digests.rs"]
mod digests;

/// A copy of what digests are made of.
struct Copy(tempfile::TempDir);

impl Copy {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for part in ["opencv-build/src", "opencv-build/data", "xtask/support/src"] {
            copy_tree(&project.join(part), &folder.path().join(part)).unwrap();
        }
        Self(folder)
    }

    /// The digest that the build script would hand over.
    fn digest(&self, variable: &str) -> String {
        let mut all = digests::ALL.iter();
        let digest = all.find(|digest| digest.variable == variable).unwrap();
        let folder = |name: &str| self.0.path().join(name);
        let crates = [
            ("opencv_build", &*folder("opencv-build/src")),
            ("support", &*folder("xtask/support/src")),
        ];
        let code = Code::read(&crates).unwrap();
        code.digest(digest.root, &digest.without()).unwrap()
    }

    /// The paths of the files below `part` whose text, put between `before` and `after`, changes the digest;
    /// and of those whose text then does not.
    fn that_count(
        &self,
        variable: &str,
        part: &str,
        (before, after): (&str, &str),
    ) -> [BTreeSet<String>; 2] {
        let folder = self.0.path().join(part);
        let mut found = [BTreeSet::new(), BTreeSet::new()];
        let unchanged = self.digest(variable);
        for path in all_files(&folder).unwrap() {
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, format!("{before}{text}{after}")).unwrap();
            let counts = self.digest(variable) != unchanged;
            fs::write(&path, text).unwrap();
            let name = path.strip_prefix(&folder).unwrap().to_str().unwrap();
            found[usize::from(!counts)].insert(name.to_owned());
        }
        found
    }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_digests_are_those_of_the_code_as_it_is() {
    let copy = Copy::new();
    for (variable, value) in [
        ("CODE_OF_SDK", CODE),
        ("CODE_OF_INSTRUMENTED_SDK", INSTRUMENTED_CODE),
        ("CODE_OF_CMAKE_CALL", cmake::CODE),
    ] {
        assert_eq!(copy.digest(variable), value, "{variable}");
    }
    assert!(cmake::CRATES.starts_with("cc 1.") && cmake::CRATES.contains(", cmake 0."));
}

#[test]
fn neither_comments_nor_documentation_nor_tests_make_an_sdk_stale() {
    let copy = Copy::new();
    let before: Vec<_> = digests::ALL
        .iter()
        .map(|d| copy.digest(d.variable))
        .collect();
    for part in ["opencv-build/src", "xtask/support/src"] {
        for path in all_files(&copy.0.path().join(part)).unwrap() {
            let text = fs::read_to_string(&path).unwrap();
            let more = "/// What.\n#[cfg(test)]\nmod more { fn f() { crate::baseline::f() } }\n";
            fs::write(
                &path,
                format!("//! What.\n\n// Why.\n{text}\n// Why.\n{more}"),
            )
            .unwrap();
        }
    }
    for path in all_files(&copy.0.path().join("opencv-build/data")).unwrap() {
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.replace("\nreason = \"", "\nreason = \"otherwise: ");
            fs::write(&path, format!("# Why.\n{text}")).unwrap();
        }
    }
    for (digest, before) in digests::ALL.iter().zip(before) {
        assert_eq!(copy.digest(digest.variable), before, "{}", digest.variable);
    }
}

#[test]
fn the_code_of_every_step_makes_an_sdk_stale_and_no_other() {
    let token = ("", "\nconst _: u8 = 1;\n");
    let copy = Copy::new();
    let [_, not] = copy.that_count("CODE_OF_SDK", "opencv-build/src", token);
    let expected = names(&[
        "baseline.rs",
        "baseline/data.rs",
        "build/tests.rs",
        "compiler/tests.rs",
        "effort.rs",
        "instrument.rs",
        // Only declares modules.
        "lib.rs",
        // Links the function.
        "linker.rs",
        "source/tests.rs",
        "third_party/tests.rs",
        "tree/tests.rs",
        "trim/tests.rs",
    ]);
    assert_eq!(not, expected);
    let [_, not] = copy.that_count("CODE_OF_SDK", "xtask/support/src", token);
    let other_programs = ["answer.rs", "atomic.rs", "lib.rs", "process.rs"];
    let no_effect = ["lock.rs", "progress.rs"];
    assert_eq!(not, names(&[&other_programs[..], &no_effect].concat()));
}

#[test]
fn data_and_scripts_of_every_step_make_an_sdk_stale_and_no_other() {
    let copy = Copy::new();
    let value = ("value = 1\n", "");
    let [_, not] = copy.that_count("CODE_OF_SDK", "opencv-build/data", value);
    let others = ["baseline.toml", "link.sh"];
    let instruments = ["instrument/unchecked.txt", "instrument/unreached.txt"];
    // What of them counts is tested below, by values.
    let by_value = ["pins.toml", "trim.toml"];
    assert_eq!(not, names(&[&others[..], &instruments, &by_value].concat()));
    let [_, not] = copy.that_count("CODE_OF_INSTRUMENTED_SDK", "opencv-build/data", value);
    assert_eq!(not, names(&[&others[..], &by_value].concat()));
}

#[test]
fn a_baseline_is_not_stale_for_what_only_the_recipes_own_build_does() {
    let copy = Copy::new();
    let value = ("value = 1\n", "");
    let [counted, _] = copy.that_count("CODE_OF_BASELINE", "opencv-build/data", value);
    let expected = ["baseline.toml", "compiler.sh", "download.py"];
    assert_eq!(counted, names(&expected));
    let token = ("", "\nconst _: u8 = 1;\n");
    let [counted, not] = copy.that_count("CODE_OF_BASELINE", "opencv-build/src", token);
    for own in [
        "assemble.rs",
        "build.rs",
        "cascades.rs",
        "instrument.rs",
        "packages.rs",
        "third_party.rs",
    ] {
        assert!(not.contains(own), "{own}");
    }
    for shared in [
        "baseline/data.rs",
        "cmake.rs",
        "configure.rs",
        "effort.rs",
        "tree.rs",
    ] {
        assert!(counted.contains(shared), "{shared}");
    }
}

/// All that a fingerprint is made of.
struct Inputs {
    recipe: Recipe,
    pins: Pins,
    kernels: Kernels,
}

/// Whether an SDK is stale when `change` has changed what it was made of.
fn is_stale_after(change: impl FnOnce(&mut Inputs)) -> bool {
    let of = |inputs: &Inputs| {
        let Inputs {
            recipe,
            pins,
            kernels,
        } = inputs;
        let source = tree::fingerprint::of(recipe, pins, &Trim::of(recipe)).unwrap();
        fingerprint(recipe, pins, &source, kernels).unwrap()
    };
    let mut inputs = Inputs {
        recipe: recipe(),
        pins: Pins::embedded(),
        kernels: Kernels::Neon,
    };
    let before = of(&inputs);
    change(&mut inputs);
    of(&inputs) != before
}

#[test]
fn what_is_used_of_the_pins_makes_an_sdk_stale_and_nothing_else() {
    assert!(is_stale_after(|inputs| inputs.pins.wheel[0]
        .version
        .push('1')));
    assert!(is_stale_after(|inputs| inputs.pins.third_party[0]
        .sha256
        .push('1')));
    let used = |pins: &mut Pins| {
        let version = recipe().version;
        let mut sources = pins.source.iter_mut();
        let source = sources.find(|source| source.version == version).unwrap();
        source.origin[0].root.push('1');
    };
    assert!(is_stale_after(|inputs| used(&mut inputs.pins)));
    let other = |pins: &mut Pins| {
        let mut source = Pins::embedded().source.remove(0);
        source.version = "4.5.4".to_owned();
        pins.source.push(source);
    };
    assert!(!is_stale_after(|inputs| other(&mut inputs.pins)));
    // Which assembler there is counts, and not which one would be brought.
    assert!(!is_stale_after(|inputs| inputs
        .pins
        .assembler
        .version
        .push('1')));
    let nasm = |path: &str| Kernels::Assembled {
        nasm: path.into(),
        version: "2.16".to_owned(),
    };
    assert!(is_stale_after(|inputs| inputs.kernels = nasm("nasm")));
    assert_eq!(nasm("a").identity(), nasm("b").identity());
}

#[test]
fn every_choice_of_the_recipe_makes_an_sdk_stale_but_not_where_the_source_lies() {
    assert!(is_stale_after(|inputs| inputs.recipe.instrumented = true));
    assert!(is_stale_after(|inputs| inputs.recipe.cpu.dispatch.clear()));
    assert!(is_stale_after(|inputs| {
        inputs.recipe.codecs.remove("png");
    }));
}

#[test]
fn cuts_and_overlay_files_make_a_tree_stale_where_the_recipe_uses_them() {
    let (recipe, pins) = (recipe(), Pins::embedded());
    let of = |trim: &Trim| tree::fingerprint::of(&recipe, &pins, trim).unwrap();
    let before = of(&Trim::of(&recipe));
    assert_eq!(of(&Trim::of(&recipe)), before);
    let mut changed = 0;
    for (path, _) in crate::overlay::FILES {
        let mut trim = Trim::of(&recipe);
        for texts in [&mut trim.added, &mut trim.replaced] {
            if let Some(text) = texts.get_mut(*path) {
                *text = "other";
                changed += 1;
            }
        }
        assert_ne!(of(&trim), before, "{path}");
    }
    assert_eq!(changed, crate::overlay::FILES.len());

    let mut trim = Trim::of(&recipe);
    trim.removed.pop_last();
    assert_ne!(of(&trim), before);
    let mut trim = Trim::of(&recipe);
    trim.edits.pop_last();
    assert_ne!(of(&trim), before);
    let stock = |third_party: &str| {
        let mut pins = Pins::embedded();
        pins.third_party[0].sha256 = third_party.to_owned();
        tree::fingerprint::of(&recipe, &pins, &Trim::stock()).unwrap()
    };
    // The stock tree takes nothing of the newer one.
    assert_eq!(stock("1"), stock("2"));
}

#[test]
fn a_folder_is_known_by_what_is_taken_of_it_and_not_by_where_it_lies() {
    let place = tempfile::tempdir().unwrap();
    let folder = |name: &str, file: &str, text: &str| {
        let path = place.path().join(name);
        fs::create_dir_all(path.join("modules/core/src")).unwrap();
        fs::create_dir_all(path.join("modules/core/test")).unwrap();
        fs::write(path.join("CMakeLists.txt"), "project(OpenCV)\n").unwrap();
        fs::write(path.join(file), text).unwrap();
        let recipe = Recipe {
            source: Some(crate::recipe::NamedSource { path, sha256: None }),
            ..recipe()
        };
        let (pins, trim) = (Pins::embedded(), Trim::of(&recipe));
        let source = tree::fingerprint::of(&recipe, &pins, &trim).unwrap();
        fingerprint(&recipe, &pins, &source, &Kernels::Neon).unwrap()
    };
    let first = folder("a", "modules/core/src/a.cpp", "int a;\n");
    assert_eq!(folder("b", "modules/core/src/a.cpp", "int a;\n"), first);
    assert_eq!(folder("b", "modules/core/test/a.cpp", "int t;\n"), first);
    assert_ne!(folder("b", "modules/core/src/a.cpp", "int b;\n"), first);
}
