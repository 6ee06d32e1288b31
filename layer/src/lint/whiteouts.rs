//! The rule about whiteouts: entries that hide files of lower layers. Source:
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts>.

use std::collections::BTreeSet;

use super::finding::{Findings, Severity};
use super::rule::Rule;
use crate::entries::{Entry, EntryKind};
use crate::merged_file_system::{MergedFileSystem, OPAQUE_WHITEOUT};
use crate::tree::WHITEOUT_PREFIX;

/// Checks the whiteouts of a layer on top of the layers `below`.
pub(crate) fn lint(entries: &[Entry], below: &MergedFileSystem, findings: &mut Findings) {
    let paths: BTreeSet<_> = entries.iter().map(|entry| entry.path.as_str()).collect();
    let (mut invalid, mut internal, mut both, mut content) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut nothing, mut redundant) = (Vec::new(), Vec::new());
    for entry in entries {
        let (folder, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        let Some(hidden) = name.strip_prefix(WHITEOUT_PREFIX) else {
            continue;
        };
        let path = entry.path.clone();
        let at = |name: &str| format!("{folder}/{name}").trim_start_matches('/').to_owned();
        if entry.kind != EntryKind::File || entry.size > 0 {
            content.push(path.clone());
        }
        if name == OPAQUE_WHITEOUT {
            continue;
        }
        if matches!(hidden, "" | "." | "..") {
            invalid.push(path);
        } else if hidden.starts_with(WHITEOUT_PREFIX) {
            internal.push(path);
        } else if paths.contains(at(hidden).as_str()) {
            both.push(at(hidden));
        } else if paths.contains(at(OPAQUE_WHITEOUT).as_str()) {
            redundant.push(path);
        } else if !below.has_folder(&at(hidden)) && !below.has_entry(&at(hidden)) {
            nothing.push(path);
        }
    }
    let mut add = |severity, items: &[String], suffix| findings.for_items(Rule::Whiteouts, severity, items, suffix);
    add(
        Severity::Error,
        &invalid,
        ", which hide their own folder or the one above",
    );
    let suffix = ", which are both hidden and present in a layer; engines differ in the result";
    add(Severity::Warning, &both, suffix);
    add(
        Severity::Warning,
        &internal,
        ", which are internal to AUFS; engines ignore them",
    );
    add(
        Severity::Warning,
        &content,
        ", which hide files and are not empty files",
    );
    add(
        Severity::Note,
        &redundant,
        " beside an opaque whiteout, which hides everything there already",
    );
    add(Severity::Note, &nothing, ", which hide nothing of the layers below");
}
