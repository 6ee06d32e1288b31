//! That the digests of code and data change with every step's, and with nothing else: in a copy of this crate in
//! which one file after the other is changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use code_digest::Code;
use fs_err as fs;
use support::files::{all_files, copy_tree};

use super::super::{CODE, INSTRUMENTED_CODE};
use crate::cmake;

#[path = "../../../digests.rs"]
mod digests;

/// A copy of what digests are made of.
struct Copy {
    folder: tempfile::TempDir,
    /// The code in it, while it is unchanged.
    code: Code,
}

impl Copy {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for part in [
            "layer/platform/src",
            "opencv-build/src",
            "opencv-build/data",
            "xtask/support/src",
            "xtask/support/data",
        ] {
            copy_tree(&project.join(part), &folder.path().join(part)).unwrap();
        }
        let code = code(folder.path());
        Self { folder, code }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Whether a digest is another one when the text of `file` stands between `before` and `after`.
    fn counts(&self, variable: &str, file: &Path, (before, after): (&str, &str)) -> bool {
        let text = fs::read_to_string(file).unwrap();
        let unchanged = digest(&self.code, variable);
        fs::write(file, format!("{before}{text}{after}")).unwrap();
        let changed = if file.extension().is_some_and(|extension| extension == "rs") {
            digest(&code(self.folder.path()), variable)
        } else {
            digest(&self.code, variable)
        };
        fs::write(file, text).unwrap();
        changed != unchanged
    }

    /// The files below `part` that do not count.
    fn that_do_not_count(
        &self,
        variable: &str,
        part: &str,
        change: (&str, &str),
    ) -> BTreeSet<String> {
        let folder = self.at(part);
        let mut files = all_files(&folder).unwrap();
        files.retain(|file| !self.counts(variable, file, change));
        let names = files.iter().map(|file| file.strip_prefix(&folder).unwrap());
        names
            .map(|name| name.to_str().unwrap().to_owned())
            .collect()
    }
}

/// The code below `folder`, as the build script reads it.
fn code(folder: &Path) -> Code {
    let [own, platform, support] = ["opencv-build", "layer/platform", "xtask/support"]
        .map(|part| folder.join(part).join("src"));
    Code::read(&[
        ("opencv_build", &own),
        ("platform", &platform),
        ("support", &support),
    ])
    .unwrap()
}

/// The digest that the build script would hand over.
fn digest(code: &Code, variable: &str) -> String {
    let mut all = digests::ALL.iter();
    let (_, root, without) = all.find(|(name, ..)| *name == variable).unwrap();
    code.digest(root, &without.concat()).unwrap()
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
        assert_eq!(digest(&copy.code, variable), value, "{variable}");
    }
    assert!(cmake::CRATES.starts_with("cc 1.") && cmake::CRATES.contains(", cmake 0."));
}

#[test]
fn neither_comments_nor_documentation_nor_tests_make_an_sdk_stale() {
    let copy = Copy::new();
    let of_all = |code: &Code| digests::ALL.map(|one| digest(code, one.0));
    let before = of_all(&copy.code);
    let rewrite = |part: &str, kind: &str, change: &dyn Fn(&str) -> String| {
        for path in all_files(&copy.at(part)).unwrap() {
            if path.extension().is_some_and(|extension| extension == kind) {
                fs::write(&path, change(&fs::read_to_string(&path).unwrap())).unwrap();
            }
        }
    };
    for part in [
        "layer/platform/src",
        "opencv-build/src",
        "xtask/support/src",
    ] {
        rewrite(part, "rs", &|text| {
            let more = "/// What.\n#[cfg(test)]\nmod more { fn f() { crate::baseline::f() } }\n";
            format!("//! What.\n\n// Why.\n{text}\n// Why.\n{more}")
        });
    }
    rewrite("opencv-build/data", "toml", &|text| {
        let text = text.replace("\nreason = \"", "\nreason = \"otherwise: ");
        format!("# Why.\n{text}")
    });
    assert_eq!(of_all(&code(copy.folder.path())), before);
}

#[test]
fn the_code_of_every_step_makes_an_sdk_stale_and_no_other() {
    let token = ("", "\nconst _: u8 = 1;\n");
    let copy = Copy::new();
    let mut not = copy.that_do_not_count("CODE_OF_SDK", "opencv-build/src", token);
    not.retain(|name| !name.contains("tests"));
    let expected = names(&[
        "baseline.rs",
        "baseline/data.rs",
        "effort.rs",
        // Only tells what failed.
        "error.rs",
        "instrument.rs",
        // Only re-exports.
        "internals.rs",
        // Only declares modules.
        "lib.rs",
        // Link the function.
        "linker.rs",
        "tools.rs",
    ]);
    assert_eq!(not, expected);
    for (file, expected) in [
        ("layer/platform/src/glibc.rs", true),
        ("xtask/support/src/files.rs", true),
        ("xtask/support/src/fingerprint.rs", true),
        ("xtask/support/src/run.rs", true),
        ("xtask/support/src/answer.rs", false),
        ("xtask/support/src/lock.rs", false),
        ("xtask/support/src/progress.rs", false),
    ] {
        let path = copy.at(file);
        assert_eq!(copy.counts("CODE_OF_SDK", &path, token), expected, "{file}");
    }
}

#[test]
fn data_and_scripts_of_every_step_make_an_sdk_stale_and_no_other() {
    let copy = Copy::new();
    let value = ("value = 1\n", "");
    let not = copy.that_do_not_count("CODE_OF_SDK", "opencv-build/data", value);
    let others = ["baseline.toml", "link.sh"];
    let instruments = ["instrument/unchecked.txt", "instrument/unreached.txt"];
    // What of them counts is tested below, by values.
    let by_value = ["pins.toml", "trim.toml"];
    assert_eq!(not, names(&[&others[..], &instruments, &by_value].concat()));
    let not = copy.that_do_not_count("CODE_OF_INSTRUMENTED_SDK", "opencv-build/data", value);
    assert_eq!(not, names(&[&others[..], &by_value].concat()));
}

#[test]
fn a_baseline_is_not_stale_for_what_only_the_recipes_own_build_does() {
    let copy = Copy::new();
    let value = ("value = 1\n", "");
    let counts = |file: &str, change| copy.counts("CODE_OF_BASELINE", &copy.at(file), change);
    for (file, expected) in [
        ("baseline.toml", true),
        ("compiler.sh", true),
        ("download.py", true),
        ("cmake-options.toml", false),
        ("codecs.toml", false),
        ("pack.cpp", false),
        ("third-party.toml", false),
    ] {
        let file = format!("opencv-build/data/{file}");
        assert_eq!(counts(&file, value), expected, "{file}");
    }
    for (file, expected) in [
        ("baseline/data.rs", true),
        ("configure.rs", true),
        ("effort.rs", true),
        ("tree.rs", true),
        ("assemble.rs", false),
        ("build.rs", false),
        ("cascades.rs", false),
        ("instrument.rs", false),
        ("packages.rs", false),
    ] {
        let file = format!("opencv-build/src/{file}");
        let token = ("", "\nconst _: u8 = 1;\n");
        assert_eq!(counts(&file, token), expected, "{file}");
    }
}
