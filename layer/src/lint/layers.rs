//! The rules about the entries of a layer.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Findings, Severity, abbreviate};
use super::rule::Rule;
use crate::entries::{Entry, EntryKind};

pub(crate) fn lint(entries: &[Entry], findings: &mut Findings) {
    parent_directories(entries, findings);
    unique_paths(entries, findings);
    hard_links(entries, findings);
    devices(entries, findings);
    attributes(entries, findings);
}

/// Extended attributes, which a file system on Lambda need not keep.
fn attributes(entries: &[Entry], findings: &mut Findings) {
    let with = |entry: &&Entry| !entry.attributes.is_empty();
    let shown = |entry: &Entry| format!("{} ({})", entry.path, entry.attributes.join(", "));
    let names: Vec<_> = entries.iter().filter(with).map(shown).collect();
    findings.for_items(Rule::Attributes, Severity::Note, &names, "");
}

/// Lambda creates files in the order of the archive.
fn parent_directories(entries: &[Entry], findings: &mut Findings) {
    let folders = entries.iter().filter(|entry| entry.kind == EntryKind::Directory);
    let folders: BTreeSet<_> = folders.map(|entry| entry.path.as_str()).collect();
    let mut before = BTreeSet::new();
    let (mut missing, mut late) = (BTreeMap::new(), BTreeMap::new());
    for entry in entries {
        for (end, _) in entry.path.match_indices('/') {
            let folder = &entry.path[..end];
            if !before.contains(folder) {
                let found = match folders.contains(folder) {
                    true => &mut late,
                    false => &mut missing,
                };
                found.entry(folder.to_owned()).or_insert(&entry.path);
            }
        }
        if entry.kind == EntryKind::Directory {
            before.insert(entry.path.as_str());
        }
    }
    for (folders, what, below_what) in [
        (missing, "no entry for ", ", above"),
        (late, "", " after their contents, such as"),
    ] {
        if let Some((_, below)) = folders.first_key_value() {
            let names: Vec<_> = folders.keys().cloned().collect();
            let found = format!("{what}{}{below_what} `{below}`", abbreviate(&names));
            findings.error(Rule::ParentDirectories, found);
        }
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
