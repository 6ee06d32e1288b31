//! The rules about the entries of a layer.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Findings, Severity, abbreviate};
use super::rule::Rule;
use crate::entries::{Entry, EntryKind};
use crate::lambda::LAMBDA;

pub(crate) fn lint(entries: &[Entry], findings: &mut Findings) {
    parent_directories(entries, findings);
    unique_paths(entries, findings);
    hard_links(entries, findings);
    devices(entries, findings);
    readable(entries, findings);
    attributes(entries, findings);
}

/// Extended attributes, which a file system on Lambda need not keep.
fn attributes(entries: &[Entry], findings: &mut Findings) {
    let with = |entry: &&Entry| !entry.attributes.is_empty();
    let shown = |entry: &Entry| format!("{} ({})", entry.path, entry.attributes.join(", "));
    let names: Vec<_> = entries.iter().filter(with).map(shown).collect();
    findings.for_items(Rule::Attributes, Severity::Note, &names, "");
}

fn parent_directories(entries: &[Entry], findings: &mut Findings) {
    let folders = entries.iter().filter(|entry| entry.kind == EntryKind::Directory);
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
        let found = format!("no entry for {}, above `{below}`", abbreviate(&names));
        findings.error(Rule::ParentDirectories, found);
    }
}

fn unique_paths(entries: &[Entry], findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    let duplicates = entries.iter().filter(|entry| !seen.insert(&entry.path));
    let duplicates: BTreeSet<_> = duplicates.map(|entry| entry.path.clone()).collect();
    findings.error_for_items(Rule::UniquePaths, &Vec::from_iter(duplicates), " more than once");
}

fn hard_links(entries: &[Entry], findings: &mut Findings) {
    let mut before = BTreeSet::new();
    let mut across = Vec::new();
    for entry in entries {
        match &entry.kind {
            EntryKind::Hardlink(target) if !before.contains(target) => {
                across.push(format!("{} -> {target}", entry.path));
            }
            EntryKind::Directory => {}
            _ => {
                before.insert(&entry.path);
            }
        }
    }
    let what = " without the target before it in its layer";
    findings.error_for_items(Rule::HardLinks, &across, what);
}

fn devices(entries: &[Entry], findings: &mut Findings) {
    let special = entries.iter().filter(|entry| entry.kind == EntryKind::Special);
    let names: Vec<_> = special.map(|entry| entry.path.clone()).collect();
    findings.for_items(Rule::NoDevices, Severity::Warning, &names, "");
}

/// Whether an unprivileged user may read a file, or read and enter a folder.
pub(crate) fn is_world_readable(folder: bool, mode: u32) -> bool {
    let needed = if folder { 0o005 } else { 0o004 };
    mode & needed == needed
}

/// Whether operating systems have private files in this folder, which no function reads.
fn is_system_path(path: &str) -> bool {
    let below = |folder: &String| {
        let rest = path.strip_prefix(folder.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    LAMBDA.system_folders.iter().any(below)
}

fn readable(entries: &[Entry], findings: &mut Findings) {
    let private = entries.iter().filter(|entry| {
        matches!(entry.kind, EntryKind::File | EntryKind::Directory)
            && !is_world_readable(entry.kind == EntryKind::Directory, entry.mode)
    });
    let (systems, own): (Vec<_>, Vec<_>) = private.partition(|entry| is_system_path(&entry.path));
    let names = |entries: Vec<&Entry>| -> Vec<_> {
        let shown = |entry: &&Entry| format!("{} (mode {:04o})", entry.path, entry.mode);
        entries.iter().map(shown).collect()
    };
    findings.error_for_items(Rule::Readable, &names(own), "");
    if !systems.is_empty() {
        let found = abbreviate(&names(systems)) + ", in folders of the operating system";
        findings.warning(Rule::Readable, found);
    }
}
