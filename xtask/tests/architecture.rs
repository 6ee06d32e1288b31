//! Tests of the project's structure: dependencies between crates, the size of the command line, module docs, and that
//! the README lists all commands.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

#[path = "architecture/facade.rs"]
mod facade;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every crate of the workspace: its folder, its name, and the workspace's crates that it depends on, which are all
/// above it in this list.
const CRATE_DEPENDENCIES: [(&str, &str, &[&str]); 20] = [
    ("function/harness", "harness", &[]),
    ("function", "function", &["harness"]),
    ("layer/platform", "platform", &[]),
    ("layer", "layer", &["platform"]),
    ("layer/registry", "layer-registry", &["layer"]),
    ("xtask/workspace-hack", "workspace-hack", &[]),
    ("xtask/code-digest", "code-digest", &[]),
    ("xtask/support", "support", &["workspace-hack"]),
    (
        "opencv-build",
        "opencv-build",
        &["code-digest", "platform", "support", "workspace-hack"],
    ),
    ("opencv-build/conformance", "conformance", &["opencv-build", "support"]),
    (
        "xtask/package",
        "package",
        &["code-digest", "layer", "opencv-build", "support", "workspace-hack"],
    ),
    (
        "xtask/registry",
        "registry",
        &["layer", "layer-registry", "opencv-build", "package", "support"],
    ),
    ("xtask/local", "local", &["layer", "opencv-build", "package", "support"]),
    (
        "xtask/size",
        "size",
        &["code-digest", "layer", "opencv-build", "package", "support"],
    ),
    (
        "xtask/bench",
        "bench",
        &["layer", "local", "opencv-build", "package", "size", "support"],
    ),
    ("xtask/book", "book", &["package", "support"]),
    (
        "xtask/deploy",
        "deploy",
        &["layer", "opencv-build", "package", "support"],
    ),
    ("xtask/audit", "audit", &["layer", "opencv-build", "package", "support"]),
    (
        "xtask/e2e",
        "e2e",
        &[
            "audit",
            "bench",
            "conformance",
            "layer",
            "layer-registry",
            "local",
            "opencv-build",
            "package",
            "registry",
            "size",
            "support",
        ],
    ),
    ("xtask", "xtask", &["layer", "opencv-build", "package", "support"]),
];

/// The maximum for xtask: cargo compiles its dependencies before any command runs.
const MAX_DEPENDENCIES: usize = 15;
/// The maximum for xtask's own sources.
const MAX_LINES: usize = 4000;

fn manifest(folder: &str) -> toml::Table {
    let path = root().join(folder).join("Cargo.toml");
    fs::read_to_string(path).unwrap().parse().unwrap()
}

fn dependencies(manifest: &toml::Table, section: &str) -> Vec<String> {
    let table = manifest.get(section).and_then(toml::Value::as_table);
    table.into_iter().flat_map(|table| table.keys().cloned()).collect()
}

#[test]
fn crates_depend_only_on_crates_above_them() {
    let root: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let members = root["workspace"]["members"].as_array().unwrap();
    assert_eq!(
        members.len(),
        CRATE_DEPENDENCIES.len(),
        "a crate is missing in CRATE_DEPENDENCIES"
    );
    let mut above = BTreeSet::new();
    for (folder, name, expected) in CRATE_DEPENDENCIES {
        let manifest = manifest(folder);
        assert_eq!(manifest["package"]["name"].as_str(), Some(name));
        let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
        let ours: BTreeSet<_> = sections
            .iter()
            .flat_map(|section| dependencies(&manifest, section))
            .filter(|known| CRATE_DEPENDENCIES.iter().any(|(_, name, _)| name == known))
            .collect();
        let expected: BTreeSet<_> = expected.iter().map(|&known| known.to_owned()).collect();
        assert_eq!(ours, expected, "{name}");
        assert!(expected.is_subset(&above), "{name} depends on a crate below it");
        above.insert(name.to_owned());
    }
}

#[test]
fn xtask_stays_small() {
    let dependencies = dependencies(&manifest("xtask"), "dependencies");
    assert!(dependencies.len() <= MAX_DEPENDENCIES, "{dependencies:?}");
    let mut files = Vec::new();
    sources(&root().join("xtask/src"), &mut files);
    let lines = files
        .iter()
        .map(|file| fs::read_to_string(file).unwrap().lines().count());
    let lines: usize = lines.sum();
    assert!(lines < MAX_LINES, "{lines} lines");
}

/// The crates that cargo compiles for a package or for all packages, each in cargo tree's `format`.
fn tree(package: Option<&str>, format: &str) -> BTreeSet<String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap())
        .current_dir(root())
        .args(["tree", "--edges", "normal,build", "--prefix", "none"])
        .args(package.map(|name| format!("--package={name}")))
        .args(["--format", format])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect()
}

#[test]
fn layer_has_no_http_client() {
    let names = tree(Some("layer"), "{lib}");
    assert!(names.contains("tar"), "{names:?}");
    for client in ["hyper", "reqwest", "rustls", "tokio", "ureq"] {
        assert!(!names.contains(client), "layer depends on {client}");
    }
}

#[test]
fn xtask_shares_its_dependencies() {
    let all = tree(None, "{p}|{f}");
    let other: Vec<_> = tree(Some("xtask"), "{p}|{f}")
        .into_iter()
        .filter(|line| !all.contains(line))
        .collect();
    assert!(
        other.is_empty(),
        "xtask/workspace-hack/Cargo.toml must enable the features that other programs use of {other:?}"
    );
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn every_source_file_has_a_module_doc() {
    let mut files = Vec::new();
    for name in ["function", "layer", "opencv-build", "xtask", "fuzz"] {
        sources(&root().join(name), &mut files);
    }
    assert!(files.len() > 40);
    let is_test = |file: &PathBuf| {
        let mut parts = file.iter();
        parts.any(|part| part == "tests" || part == "tests.rs")
    };
    for file in files.iter().filter(|file| !is_test(file)) {
        let text = fs::read_to_string(file).unwrap();
        assert!(
            text.starts_with("//! ") || text.starts_with("#![doc = "),
            "{} does not begin with //!",
            file.display()
        );
    }
}

/// The commands that `cargo xtask --help` lists.
fn commands() -> BTreeSet<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let list = help
        .split("Commands:")
        .nth(1)
        .unwrap()
        .split("Options:")
        .next()
        .unwrap();
    // The line of a command is indented by two, continuation lines by more.
    let lines = list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn readme_and_command_line_have_the_same_commands() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let calls = readme.split("cargo xtask ").skip(1);
    let named: BTreeSet<_> = calls
        .filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '-')?;
            (end > 0 && !rest.starts_with('-')).then(|| rest[..end].to_owned())
        })
        .collect();
    assert_eq!(named, commands());
}

#[test]
fn every_test_named_in_security_md_exists() {
    let promises = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let suite = fs::read_to_string(root().join("xtask/e2e/src/native.rs")).unwrap();
    let rows = promises.lines().filter(|line| line.ends_with(" |"));
    let named = rows.filter_map(|row| row.rsplit(" | ").next()?.split('`').nth(1));
    let named: Vec<_> = named.collect();
    assert!(named.len() > 15, "{named:?}");
    for name in named {
        assert!(suite.contains(&format!("(\"{name}\",")), "{name}");
    }
}

/// The first two numbers of a release.
fn release(version: &str) -> (u64, u64) {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap_or_default())
}

#[test]
fn no_dependency_needs_a_newer_rust_than_the_workspace() {
    let output = Command::new(std::env::var_os("CARGO").unwrap())
        .current_dir(root())
        .args(["metadata", "--format-version=1", "--locked"])
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours = packages.iter().find(|package| package["name"] == "xtask").unwrap();
    let oldest = release(ours["rust_version"].as_str().unwrap());
    for package in packages {
        if let Some(version) = package["rust_version"].as_str() {
            assert!(release(version) <= oldest, "{} needs Rust {version}", package["id"]);
        }
    }
}
