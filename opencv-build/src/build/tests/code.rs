//! The digests change with the code and data of the build steps and with nothing else: tested in a copy of this crate
//! by changing one file at a time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use code_digest::ModuleGraph;
use fs_err as fs;
use support::files::{all_files, copy_tree};

use super::super::{CODE_DIGEST, SANITIZED_CODE_DIGEST};
use crate::cmake;

#[path = "../../../digests.rs"]
mod digests;

/// A copy of all inputs of the digests.
struct CrateCopy {
    folder: tempfile::TempDir,
    /// The code before any change.
    code: ModuleGraph,
}

impl CrateCopy {
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

    /// Whether the digest changes when `before` is prepended and `after` appended to `file`.
    fn affects_digest(&self, variable: &str, file: &Path, (before, after): (&str, &str)) -> bool {
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

    /// The files in `part` whose change does not affect the digest.
    fn files_without_effect(&self, variable: &str, part: &str, change: (&str, &str)) -> BTreeSet<String> {
        let folder = self.at(part);
        let mut files = all_files(&folder).unwrap();
        files.retain(|file| !self.affects_digest(variable, file, change));
        let names = files.iter().map(|file| file.strip_prefix(&folder).unwrap());
        names.map(|name| name.to_str().unwrap().to_owned()).collect()
    }
}

/// The crates in `folder`, read as the build script reads them.
fn code(folder: &Path) -> ModuleGraph {
    let [own, platform, support] =
        ["opencv-build", "layer/platform", "xtask/support"].map(|part| folder.join(part).join("src"));
    ModuleGraph::read(&[("opencv_build", &own), ("platform", &platform), ("support", &support)]).unwrap()
}

/// The digest that the build script would set in `variable`.
fn digest(code: &ModuleGraph, variable: &str) -> String {
    let mut all = digests::DIGESTS.iter();
    let (_, root, excluded) = all.find(|(name, ..)| *name == variable).unwrap();
    code.digest(root, &excluded.concat()).unwrap()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn embedded_digests_match_the_code() {
    let copy = CrateCopy::new();
    for (variable, value) in [
        ("SDK_CODE_DIGEST", CODE_DIGEST),
        ("SANITIZED_SDK_CODE_DIGEST", SANITIZED_CODE_DIGEST),
        ("CMAKE_CODE_DIGEST", cmake::CODE_DIGEST),
    ] {
        assert_eq!(digest(&copy.code, variable), value, "{variable}");
    }
    assert!(cmake::CRATE_VERSIONS.starts_with("cc 1.") && cmake::CRATE_VERSIONS.contains(", cmake 0."));
}

#[test]
fn comments_documentation_and_tests_do_not_change_digests() {
    let copy = CrateCopy::new();
    let of_all = |code: &ModuleGraph| digests::DIGESTS.map(|one| digest(code, one.0));
    let before = of_all(&copy.code);
    let rewrite = |part: &str, kind: &str, change: &dyn Fn(&str) -> String| {
        for path in all_files(&copy.at(part)).unwrap() {
            if path.extension().is_some_and(|extension| extension == kind) {
                fs::write(&path, change(&fs::read_to_string(&path).unwrap())).unwrap();
            }
        }
    };
    for part in ["layer/platform/src", "opencv-build/src", "xtask/support/src"] {
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
fn code_of_build_steps_changes_the_sdk_digest() {
    let token = ("", "\nconst _: u8 = 1;\n");
    let copy = CrateCopy::new();
    let mut not = copy.files_without_effect("SDK_CODE_DIGEST", "opencv-build/src", token);
    not.retain(|name| !name.contains("tests"));
    let expected = names(&[
        "baseline.rs",
        "baseline/config.rs",
        "compile_time.rs",
        // Only describes failures.
        "error.rs",
        // Copies a finished SDK.
        "export.rs",
        "progress.rs",
        "sanitizers.rs",
        // Only re-exports.
        "internals.rs",
        // Uses an SDK that was built elsewhere.
        "pulled_sdk.rs",
        // Only declares modules.
        "lib.rs",
        // Used only to link the function.
        "linker.rs",
        "tools.rs",
    ]);
    assert_eq!(not, expected);
    for (file, expected) in [
        ("layer/platform/src/glibc.rs", true),
        ("xtask/support/src/files.rs", true),
        ("xtask/support/src/fingerprint.rs", true),
        ("xtask/support/src/run.rs", true),
        ("xtask/support/src/output.rs", false),
        ("xtask/support/src/lock.rs", false),
        ("xtask/support/src/progress.rs", false),
    ] {
        let path = copy.at(file);
        assert_eq!(copy.affects_digest("SDK_CODE_DIGEST", &path, token), expected, "{file}");
    }
}

#[test]
fn data_of_build_steps_changes_the_sdk_digest() {
    let copy = CrateCopy::new();
    let value = ("value = 1\n", "");
    let not = copy.files_without_effect("SDK_CODE_DIGEST", "opencv-build/data", value);
    let others = ["baseline.toml", "link.sh", "programs/Dockerfile"];
    let sanitizers = ["sanitizers/ignorelist.txt", "sanitizers/uninstrumented.txt"];
    // Tested by their values.
    let by_value = ["pins.toml", "trim.toml"];
    assert_eq!(not, names(&[&others[..], &sanitizers, &by_value].concat()));
    let not = copy.files_without_effect("SANITIZED_SDK_CODE_DIGEST", "opencv-build/data", value);
    assert_eq!(not, names(&[&others[..], &by_value].concat()));
}

#[test]
fn recipe_only_code_does_not_change_the_baseline_digest() {
    let copy = CrateCopy::new();
    let value = ("value = 1\n", "");
    let affects_baseline = |file: &str, change| copy.affects_digest("BASELINE_CODE_DIGEST", &copy.at(file), change);
    for (file, expected) in [
        ("baseline.toml", true),
        ("compiler.sh", true),
        ("download_sdist.py", true),
        ("cmake-options.toml", false),
        ("codecs.toml", false),
        ("pack_cascade.cpp", false),
        ("pack_face_model.cpp", false),
        ("third-party.toml", false),
    ] {
        let file = format!("opencv-build/data/{file}");
        assert_eq!(affects_baseline(&file, value), expected, "{file}");
    }
    for (file, expected) in [
        ("baseline/config.rs", true),
        ("configure.rs", true),
        ("compile_time.rs", true),
        ("source_tree.rs", true),
        ("finish_sdk.rs", false),
        ("build.rs", false),
        ("cascade_xml.rs", false),
        ("face_model.rs", false),
        ("sanitizers.rs", false),
        ("package_configs.rs", false),
    ] {
        let file = format!("opencv-build/src/{file}");
        let token = ("", "\nconst _: u8 = 1;\n");
        assert_eq!(affects_baseline(&file, token), expected, "{file}");
    }
}
