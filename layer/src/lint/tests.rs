//! Each known-bad image breaks its rule and no other; zip archives are in `zips.rs`.

mod blobs;
mod config;
mod index;
mod layers;
mod programs;
mod zips;

use std::path::Path;

use fs_err as fs;
use serde_json::json;
use tar::EntryType;

use super::*;
use crate::tests::fixture::{ImageFixture, c_program, file, folder, link};
use crate::tests::static_program::{X86_64, static_program};
use crate::{Architecture, Digest};

/// The broken rules, each once, in the order of their declaration.
fn broken_rules(path: &Path, architecture: Option<Architecture>) -> Vec<(Rule, Severity)> {
    let options = LintOptions {
        architecture,
        ..LintOptions::default()
    };
    let mut rules: Vec<_> = lint(path, &options)
        .unwrap()
        .into_iter()
        .map(|finding| (finding.rule, finding.severity))
        .collect();
    rules.sort_by_key(|(rule, _)| *rule);
    rules.dedup();
    rules
}

fn assert_breaks(change: impl FnOnce(&mut ImageFixture), rules: &[Rule]) {
    let mut fixture = ImageFixture::valid();
    change(&mut fixture);
    let parent = tempfile::tempdir().unwrap();
    let found = broken_rules(&fixture.write(parent.path()), None);
    let expected: Vec<_> = rules.iter().map(|rule| (*rule, Severity::Error)).collect();
    assert_eq!(found, expected);
}

/// Replaces the only layer.
fn layer(entries: &[Vec<u8>]) -> impl FnOnce(&mut ImageFixture) {
    let layer = entries.concat();
    move |fixture| fixture.layers = vec![layer]
}

fn bootstrap() -> Vec<u8> {
    file("var/task/bootstrap", 0o755, &static_program(X86_64))
}

#[test]
fn valid_image_breaks_no_rule() {
    assert_breaks(|_| (), &[]);
}

#[test]
fn mixed_media_types_break_media_types() {
    let docker = "application/vnd.docker.container.image.v1+json";
    let change = |fixture: &mut ImageFixture| fixture.manifest["config"]["mediaType"] = docker.into();
    assert_breaks(change, &[Rule::MediaTypes]);
    let artefact = "application/vnd.cncf.helm.config.v1+json";
    let change = |fixture: &mut ImageFixture| fixture.manifest["config"]["mediaType"] = artefact.into();
    assert_breaks(change, &[Rule::MediaTypes]);
}

#[test]
fn wrong_platform_breaks_architecture_and_operating_system() {
    let change = |fixture: &mut ImageFixture| fixture.config["architecture"] = "riscv64".into();
    assert_breaks(change, &[Rule::Architecture]);
    let change = |fixture: &mut ImageFixture| fixture.config["os"] = "windows".into();
    assert_breaks(change, &[Rule::OperatingSystem]);

    let parent = tempfile::tempdir().unwrap();
    let layout = ImageFixture::valid().write(parent.path());
    let found = broken_rules(&layout, Some(Architecture::Aarch64));
    assert_eq!(found, [(Rule::Architecture, Severity::Error)]);
    assert_eq!(broken_rules(&layout, Some(Architecture::X86_64)), []);
}

#[test]
fn wrong_history_length_breaks_history() {
    let change = |fixture: &mut ImageFixture| fixture.config["history"] = json!([{}, {}]);
    assert_breaks(change, &[Rule::History]);
    for missing in [json!([]), json!(null)] {
        let mut fixture = ImageFixture::valid();
        fixture.config["history"] = missing;
        let parent = tempfile::tempdir().unwrap();
        let found = broken_rules(&fixture.write(parent.path()), None);
        assert_eq!(found, [(Rule::History, Severity::Warning)]);
    }
    let change = |fixture: &mut ImageFixture| {
        fixture.config["history"] = json!([{"empty_layer": true}, {"created_by": "x"}]);
    };
    assert_breaks(change, &[]);
}
