//! The project's structure, held by tests: who may know whom, what every file begins with, and
//! that the README and the command line name the same commands.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

const CRATES: [&str; 4] = ["function", "layer", "opencv-build", "xtask"];

/// The crates of this workspace that a crate depends on.
fn knows(name: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    let names = sections
        .iter()
        .filter_map(|section| manifest.get(*section)?.as_table());
    let names = names.flat_map(|table| table.keys().cloned());
    names
        .filter(|name| CRATES.contains(&name.as_str()))
        .collect()
}

#[test]
fn only_xtask_knows_other_crates_and_it_never_links_the_function() {
    for name in ["function", "layer", "opencv-build"] {
        assert!(knows(name).is_empty(), "{name} knows {:?}", knows(name));
    }
    let expected = ["layer", "opencv-build"].map(str::to_owned);
    assert_eq!(knows("xtask"), BTreeSet::from(expected));
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
fn every_file_says_what_it_is() {
    let mut files = Vec::new();
    for name in CRATES.into_iter().chain(["fuzz"]) {
        sources(&root().join(name), &mut files);
    }
    assert!(files.len() > 40);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(
            text.starts_with("//! "),
            "{} has no //! at its top",
            file.display()
        );
    }
}

/// The verbs that `cargo xtask --help` lists.
fn verbs() -> BTreeSet<String> {
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
    // A verb's line is indented by two; what goes on below it, by more.
    let lines = list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_readme_and_the_command_line_have_the_same_verbs() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let calls = readme.split("cargo xtask ").skip(1);
    let named: BTreeSet<_> = calls
        .filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '-')?;
            (end > 0 && !rest.starts_with('-')).then(|| rest[..end].to_owned())
        })
        .collect();
    assert_eq!(named, verbs());
}

#[test]
fn every_option_in_the_readme_exists() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for line in readme.lines().filter(|line| line.contains("cargo xtask ")) {
        let call = line.split("cargo xtask ").nth(1).unwrap();
        let call = call.split(['`', '#', '|']).next().unwrap();
        let verb = call
            .split_whitespace()
            .find(|word| !word.starts_with('-'))
            .unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args([verb, "--help"])
            .output();
        let help = String::from_utf8(output.unwrap().stdout).unwrap();
        for option in call
            .split_whitespace()
            .filter(|word| word.starts_with("--"))
        {
            assert!(help.contains(option), "{verb} has no option {option}");
        }
    }
}

#[test]
fn every_test_that_security_md_names_exists() {
    let promises = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let suite = fs::read_to_string(root().join("xtask/src/test.rs")).unwrap();
    let rows = promises.lines().filter(|line| line.ends_with(" |"));
    let named = rows.filter_map(|row| row.rsplit(" | ").next()?.split('`').nth(1));
    let named: Vec<_> = named.collect();
    assert!(named.len() > 15, "{named:?}");
    for name in named {
        assert!(suite.contains(&format!("(\"{name}\",")), "{name}");
    }
}
