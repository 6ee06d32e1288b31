//! Caches the list of crates of a program, because listing them with cargo is slower than writing an image. The key
//! covers the lock file, the manifests of all packages at paths, the compiler and our own code.

use std::path::Path;

use anyhow::Result;
use fs_err as fs;
use serde::{Deserialize, Serialize};
use support::fingerprint::Fingerprint;

use super::super::component::Component;
use super::manifests::with_path_dependencies;
use crate::function_package::FunctionPackage;
use support::atomic;

const CODE_DIGEST: &str = env!("CRATES_CODE_DIGEST");

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedCrates {
    pub program: Component,
    /// All other crates, and Rust's standard library.
    pub crates: Vec<Component>,
    /// Ids of a crate and of one that it depends on.
    pub dependencies: Vec<(String, String)>,
    /// The deduplicated licence texts of all crates. The crates' own `license_texts` are empty: together they would be
    /// ten times as long.
    pub licenses: String,
}

/// The cached result for the same inputs, or that of `compute`.
pub(super) fn get_or_compute(
    package: &FunctionPackage,
    triple: &str,
    rustc: &str,
    folder: &Path,
    compute: impl FnOnce() -> Result<LinkedCrates>,
) -> Result<LinkedCrates> {
    let fingerprint = fingerprint(package, triple, rustc)?;
    let path = folder.join(format!("crates-{}.json", fingerprint.short()));
    // A file that cannot be read is written again.
    let kept = fs::read(&path).ok();
    if let Some(linked) = kept.and_then(|text| serde_json::from_slice(&text).ok()) {
        return Ok(linked);
    }
    let linked = compute()?;
    // World-readable, so that other users of this folder need not run cargo again.
    atomic::write(&path, &serde_json::to_vec(&linked)?)?;
    Ok(linked)
}

fn fingerprint(package: &FunctionPackage, triple: &str, rustc: &str) -> Result<Fingerprint> {
    let root = package.workspace.root();
    // Other packages can be linked into the program, and the lock file does not contain features.
    let manifests = package.members.iter().map(|(_, manifest)| manifest.clone());
    let manifests = with_path_dependencies(manifests.chain([root.join("Cargo.toml")]))?;
    let manifests: Vec<_> = manifests.into_values().collect();
    Ok(Fingerprint::of([
        ("code", CODE_DIGEST.as_bytes()),
        ("package", package.package.as_bytes()),
        ("features", package.features.join(",").as_bytes()),
        ("manifests", manifests.join("\0").as_bytes()),
        ("lock", fs::read_to_string(root.join("Cargo.lock"))?.as_bytes()),
        ("triple", triple.as_bytes()),
        ("rustc", rustc.as_bytes()),
    ]))
}

#[cfg(test)]
mod tests {
    use super::super::{Component, ComponentKind};
    use super::*;
    use crate::tests::sample_package::function_package;

    fn linked(name: &str) -> LinkedCrates {
        LinkedCrates {
            program: Component::new(ComponentKind::Program, name, name),
            crates: Vec::new(),
            dependencies: Vec::new(),
            licenses: String::new(),
        }
    }

    #[test]
    fn cached_result_is_used_until_an_input_changes() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(root.path().join(name), text).unwrap();
        for package in ["app", "part", "outside"] {
            fs::create_dir(root.path().join(package)).unwrap();
            write(&format!("{package}/Cargo.toml"), "");
        }
        write("app/Cargo.toml", "[dependencies]\noutside = { path = '../outside' }");
        write("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n");
        write("Cargo.lock", "1");
        let app = function_package(root.path(), &["app", "part"]);
        let get = |package: &FunctionPackage, (triple, rustc): (&str, &str), name: &str| {
            let folder = root.path().join("kept");
            get_or_compute(package, triple, rustc, &folder, || Ok(linked(name))).unwrap()
        };
        let on = ("a", "1.95.0");
        assert_eq!(get(&app, on, "first"), linked("first"));
        assert_eq!(get(&app, on, "second"), linked("first"));
        assert_eq!(get(&app, ("b", "1.95.0"), "third"), linked("third"));
        assert_eq!(get(&app, ("a", "1.96.0"), "fourth"), linked("fourth"));
        write("Cargo.lock", "2");
        assert_eq!(get(&app, on, "fifth"), linked("fifth"));
        write("part/Cargo.toml", "[features]");
        assert_eq!(get(&app, on, "sixth"), linked("sixth"));
        write("outside/Cargo.toml", "[features]");
        assert_eq!(get(&app, on, "outside"), linked("outside"));
        for entry in fs::read_dir(root.path().join("kept")).unwrap() {
            fs::write(entry.unwrap().path(), "{").unwrap();
        }
        assert_eq!(get(&app, on, "seventh"), linked("seventh"));
        let other = function_package(root.path(), &["part", "app"]);
        assert_eq!(get(&other, on, "eighth"), linked("eighth"));
        let mut featured = app.clone();
        featured.features.push("opencv".to_owned());
        assert_eq!(get(&featured, on, "ninth"), linked("ninth"));
        assert_eq!(get(&app, on, "tenth"), linked("seventh"));
    }
}
