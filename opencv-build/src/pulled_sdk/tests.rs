use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::*;
use crate::recipe::tests::recipe;
use crate::sdk::tests::{manifest, write};

/// The file of the SDK that [`write`] writes.
const LIBRARY: &str = "lib/libopencv_core.a";

struct Target {
    _folder: tempfile::TempDir,
    paths: BuildPaths,
}

impl Target {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = BuildPaths::new(&folder.path().join("target")).unwrap();
        Self { _folder: folder, paths }
    }

    fn sdk_dir(&self) -> PathBuf {
        self.paths.sdk_dir(&recipe().target)
    }

    /// Pulls an SDK that `change` has changed.
    fn pull(&self, change: impl Fn(&Path)) -> Result<Option<Sdk>, String> {
        let pulled = pull(
            &|_, folder| {
                fs::create_dir(folder)?;
                write(folder, 4);
                change(folder);
                Ok(true)
            },
            &recipe(),
            &manifest(4).fingerprint,
            &self.paths,
        );
        // Nothing partial is left.
        assert!(fs::read_dir(self.paths.sdk_root()).unwrap().count() <= 1);
        pulled
    }
}

fn change_manifest(folder: &Path, change: impl FnOnce(&mut Manifest)) {
    let mut manifest = manifest(4);
    change(&mut manifest);
    let text = serde_json::to_vec(&manifest).unwrap();
    fs::write(folder.join("sdk.json"), text).unwrap();
}

#[test]
fn complete_sdk_replaces_the_previous_one() {
    let target = Target::new();
    fs::create_dir_all(target.sdk_dir()).unwrap();
    fs::write(target.sdk_dir().join("old"), "").unwrap();
    let sdk = target.pull(|_| ()).unwrap().unwrap();
    assert_eq!(sdk.path(), target.sdk_dir());
    assert!(!target.sdk_dir().join("old").exists());
    assert!(Sdk::open(&target.sdk_dir()).is_some());
}

/// Asserts that an SDK that `change` has changed is discarded for `reason`.
fn assert_discarded(reason: &str, change: impl Fn(&Path)) {
    let target = Target::new();
    let error = target.pull(change).unwrap_err();
    assert!(error.contains("the pulled SDK was discarded"), "{error}");
    assert!(error.contains(reason), "{reason}: {error}");
    assert!(!target.sdk_dir().exists(), "{reason}");
}

#[test]
fn sdk_of_another_recipe_is_discarded() {
    let differs = |reason: &str, change: fn(&mut Manifest)| {
        assert_discarded(reason, |folder| change_manifest(folder, change));
    };
    differs("fingerprint is", |manifest| {
        manifest.fingerprint = Fingerprint::of([("b", "b".as_bytes())]);
    });
    differs("`modules` in its sdk.json", |manifest| manifest.modules.clear());
    differs("`codecs` in its sdk.json", |manifest| manifest.codecs.clear());
    differs("`cpu` in its sdk.json", |manifest| manifest.cpu.baseline.clear());
    differs("`target` in its sdk.json", |manifest| {
        manifest.target.architecture = crate::target::Architecture::Aarch64;
    });
    // A name that leads out of the SDK is that of no file in it.
    differs("`../../../etc/hostname` is missing", |manifest| {
        manifest.files.insert("../../../etc/hostname".into(), 4);
    });
    differs("names the file `lib/other.a`", |manifest| {
        let file = "other.a".to_owned();
        manifest.libraries.push(crate::manifest::Library { file, bytes: 1 });
    });
}

#[test]
fn sdk_with_other_files_is_discarded() {
    let manifest_text = |reason: &str, text: &str| {
        assert_discarded(reason, |folder| fs::write(folder.join("sdk.json"), text).unwrap());
    };
    manifest_text("sdk.json cannot be read", "{}");
    manifest_text("sdk.json has more than", &" ".repeat(5 << 20));
    for (name, reason) in [("sdk.json", "has no sdk.json"), (LIBRARY, "is missing")] {
        assert_discarded(reason, |folder| fs::remove_file(folder.join(name)).unwrap());
    }
    for (name, reason) in [
        (LIBRARY, "has 3 bytes instead of 4"),
        ("lib/more.a", "`lib/more.a` is not in its sdk.json"),
    ] {
        assert_discarded(reason, |folder| fs::write(folder.join(name), "123").unwrap());
    }
    for (name, reason) in [
        ("sdk.json", "sdk.json is not a file"),
        (LIBRARY, "neither a file nor a folder"),
    ] {
        assert_discarded(reason, |folder| {
            fs::rename(folder.join(name), folder.join("real")).unwrap();
            symlink(folder.join("real"), folder.join(name)).unwrap();
        });
    }
}

#[test]
fn sdk_with_a_program_that_cannot_be_executed_is_discarded() {
    assert_discarded("`bin/cc` cannot be executed", |folder| {
        fs::create_dir(folder.join("bin")).unwrap();
        fs::write(folder.join("bin/cc"), "#!").unwrap();
        change_manifest(folder, |manifest| {
            manifest.files.insert("bin/cc".into(), 2);
        });
    });
}

#[test]
fn failed_pull_keeps_the_previous_sdk() {
    let target = Target::new();
    target.pull(|_| ()).unwrap();
    let pull = |pull: &PullSdk<'_>| {
        let fingerprint = &manifest(4).fingerprint;
        super::pull(pull, &recipe(), fingerprint, &target.paths)
    };
    assert!(pull(&|_, _| Ok(false)).unwrap().is_none());
    assert_eq!(pull(&|_, _| Err("no network".into())).unwrap_err(), "no network");
    assert!(Sdk::open(&target.sdk_dir()).is_some());
}
