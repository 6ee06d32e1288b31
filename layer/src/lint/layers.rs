//! The rules about the entries of a layer.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Findings, some};
use super::rule::Rule;
use crate::entries::{Entry, Kind};
use crate::lambda::LAMBDA;

pub(crate) fn lint(entries: &[Entry], findings: &mut Findings) {
    parents(entries, findings);
    unique(entries, findings);
    hard_links(entries, findings);
    devices(entries, findings);
    readable(entries, findings);
}

fn parents(entries: &[Entry], findings: &mut Findings) {
    let folders = entries.iter().filter(|entry| entry.kind == Kind::Folder);
    let folders: BTreeSet<_> = folders.map(|entry| entry.path.as_str()).collect();
    let mut missing = BTreeMap::new();
    for entry in entries {
        for (end, _) in entry.path.match_indices('/') {
            let folder = &entry.path[..end];
            if !folders.contains(folder) {
                missing.entry(folder.to_owned()).or_insert(&entry.path);
            }
        }
    }
    if let Some((_, below)) = missing.first_key_value() {
        let names: Vec<_> = missing.keys().cloned().collect();
        let found = format!("no entry for {}, above `{below}`", some(&names));
        findings.error(Rule::ParentDirectories, found);
    }
}

fn unique(entries: &[Entry], findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    let twice = entries.iter().filter(|entry| !seen.insert(&entry.path));
    let twice: BTreeSet<_> = twice.map(|entry| entry.path.clone()).collect();
    findings.all_of(Rule::UniquePaths, &Vec::from_iter(twice), " more than once");
}

fn hard_links(entries: &[Entry], findings: &mut Findings) {
    let mut before = BTreeSet::new();
    let mut across = Vec::new();
    for entry in entries {
        match &entry.kind {
            Kind::Hardlink(target) if !before.contains(target) => {
                across.push(format!("{} -> {target}", entry.path));
            }
            Kind::File | Kind::Hardlink(_) => {
                before.insert(&entry.path);
            }
            _ => {}
        }
    }
    let what = " without the target before it in its layer";
    findings.all_of(Rule::HardLinks, &across, what);
}

fn devices(entries: &[Entry], findings: &mut Findings) {
    let special = entries.iter().filter(|entry| entry.kind == Kind::Special);
    let names: Vec<_> = special.map(|entry| entry.path.clone()).collect();
    findings.all_of(Rule::NoDevices, &names, "");
}

/// Whether a user without rights may read it, or enter it.
pub(crate) fn is_readable(folder: bool, mode: u32) -> bool {
    let needed = if folder { 0o005 } else { 0o004 };
    mode & needed == needed
}

/// Whether an operating system keeps private files there, which no function reads.
fn is_systems(path: &str) -> bool {
    let below = |folder: &String| {
        let rest = path.strip_prefix(folder.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    LAMBDA.private_folders.iter().any(below)
}

fn readable(entries: &[Entry], findings: &mut Findings) {
    let private = entries.iter().filter(|entry| {
        matches!(entry.kind, Kind::File | Kind::Folder)
            && !is_readable(entry.kind == Kind::Folder, entry.mode)
    });
    let (systems, own): (Vec<_>, Vec<_>) = private.partition(|entry| is_systems(&entry.path));
    let names = |entries: Vec<&Entry>| -> Vec<_> {
        let shown = |entry: &&Entry| format!("{} (mode {:04o})", entry.path, entry.mode);
        entries.iter().map(shown).collect()
    };
    findings.all_of(Rule::Readable, &names(own), "");
    if !systems.is_empty() {
        let found = some(&names(systems)) + ", in folders of the operating system";
        findings.warning(Rule::Readable, found);
    }
}
