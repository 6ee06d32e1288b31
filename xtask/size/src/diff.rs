//! The changes between two reports: parts by their paths, and components, the largest changes first.

use std::collections::{BTreeMap, BTreeSet};

use super::bootstrap::NAME as PROGRAM;
use super::format::{difference, format_percent_change, format_signed_bytes};
use super::part::Part;
use super::report::Report;
use support::output::format_bytes;

/// A part's names, from the artefact down.
pub type PartPath = Vec<String>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub path: PartPath,
    /// Bytes; none if the part is new.
    pub before: Option<u64>,
    /// Bytes; none if the part is gone.
    pub after: Option<u64>,
}

impl Change {
    pub fn difference(&self) -> i64 {
        difference(self.before.unwrap_or(0), self.after.unwrap_or(0))
    }

    pub fn artefact(&self) -> &str {
        artefact_name(&self.path)
    }

    pub fn name(&self) -> String {
        display_name(&self.path)
    }

    pub fn columns(&self) -> [String; 4] {
        let shown = |bytes: Option<u64>, none: &str| bytes.map_or(none.to_owned(), format_bytes);
        let (before, after) = (self.before, self.after);
        [
            shown(before, "new"),
            shown(after, "gone"),
            format_signed_bytes(self.difference()),
            format_percent_change(before.unwrap_or(0), after.unwrap_or(0)),
        ]
    }
}

/// A part's name within its artefact, such as `OpenCV/imgproc`; for an artefact, its name.
pub fn display_name(path: &[String]) -> String {
    match path {
        [_, below @ ..] if !below.is_empty() => below.join("/"),
        path => path.join("/"),
    }
}

fn artefact_name(path: &[String]) -> &str {
    path.first().map_or("", String::as_str)
}

/// A part's earlier state: `None` if it is not known, because there is no previous report or it does not go to that
/// depth; `Some(None)` if the part did not exist.
pub type PreviousPart<'a> = Option<Option<&'a Part>>;

pub fn previous_part<'a>(whole: PreviousPart<'a>, name: &str) -> PreviousPart<'a> {
    match whole {
        Some(Some(whole)) if whole.parts.is_empty() => None,
        Some(Some(whole)) => Some(whole.get(name)),
        other => other,
    }
}

/// The deepest changed parts, the largest change first: functions, files, and parts whose own parts are not in both
/// reports. Copies of the function's program in other artefacts are omitted.
pub fn changed_parts(before: &Report, after: &Report) -> Vec<Change> {
    let changes = changes(before, after);
    let is_copy = |change: &Change| change.path.iter().skip(1).any(|name| is_program(name));
    let found = changes.iter().enumerate().filter(|(at, change)| {
        let next = changes.get(at + 1);
        let goes_on = next.is_some_and(|next| next.path.starts_with(&change.path));
        !goes_on && !is_copy(change)
    });
    let mut found: Vec<_> = found.map(|(_, change)| change.clone()).collect();
    largest_first(&mut found);
    found
}

fn largest_first(changes: &mut [Change]) {
    changes.sort_by_key(|change| std::cmp::Reverse(change.difference().unsigned_abs()));
}

/// Every artefact and part whose size differs, each before its own parts. Parts at a depth that one report does not
/// have are omitted.
fn changes(before: &Report, after: &Report) -> Vec<Change> {
    let mut found = Vec::new();
    compare(&[], &before.artefacts, &after.artefacts, &mut found);
    found.retain(|change| change.before != change.after);
    found
}

fn compare(path: &[String], before: &[Part], after: &[Part], found: &mut Vec<Change>) {
    let old: BTreeMap<&str, &Part> = by_name(before).collect();
    let new: BTreeMap<&str, &Part> = by_name(after).collect();
    let gone = by_name(before).filter(|(name, _)| !new.contains_key(name));
    for (name, _) in by_name(after).chain(gone) {
        let (old, new) = (old.get(name).copied(), new.get(name).copied());
        let path: PartPath = path.iter().cloned().chain([name.to_owned()]).collect();
        found.push(Change {
            path: path.clone(),
            before: old.map(|part| part.bytes),
            after: new.map(|part| part.bytes),
        });
        let (old_parts, new_parts) = (parts_of(old), parts_of(new));
        let in_both = old.is_some() && new.is_some();
        if !in_both || (!old_parts.is_empty() && !new_parts.is_empty()) {
            compare(&path, old_parts, new_parts, found);
        }
    }
}

fn parts_of(part: Option<&Part>) -> &[Part] {
    part.map_or(&[], |part| &part.parts)
}

fn by_name(parts: &[Part]) -> impl Iterator<Item = (&str, &Part)> {
    parts.iter().map(|part| (part.name.as_str(), part))
}

/// The components of an artefact with their bytes, by their paths: of `bootstrap` the parts of its groups, of static
/// libraries the libraries, of others the files of each layer. The function's program is replaced by its components.
pub fn components(report: &Report, artefact: &Part) -> BTreeMap<PartPath, u64> {
    let whole = &artefact.name;
    let holds_program = |part: &Part| whole != PROGRAM && is_program(&part.name);
    let mut parts = Vec::new();
    for part in &artefact.parts {
        if whole == super::libraries::NAME || part.parts.is_empty() || holds_program(part) {
            parts.push((vec![whole, &part.name], part));
        } else {
            let inner = part.parts.iter();
            parts.extend(inner.map(|inner| (vec![whole, &part.name, &inner.name], inner)));
        }
    }
    let mut found = BTreeMap::new();
    for (path, part) in parts {
        if !holds_program(part) {
            found.insert(path.into_iter().cloned().collect(), part.bytes);
        } else if let Some(bootstrap) = report.artefact(PROGRAM) {
            found.extend(components(report, bootstrap));
        }
    }
    found
}

fn is_program(name: &str) -> bool {
    name.rsplit('/').next() == Some(PROGRAM)
}

/// The changed components of an artefact, the largest change first. If only the artefact's total is known, those of the
/// program in it.
pub fn changed_components(before: &Report, after: &Report, artefact: &str) -> Vec<Change> {
    let components = |name: &str| [before, after].map(|report| Some(components(report, report.artefact(name)?)));
    let has_parts = |report: &Report, name: &str| {
        let artefact = report.artefact(name);
        artefact.is_some_and(|artefact| !artefact.parts.is_empty())
    };
    let is_known = |name: &str| has_parts(before, name) && has_parts(after, name);
    let [Some(mut was), Some(mut now)] = components(artefact) else {
        return Vec::new();
    };
    let mut paths = was.keys().chain(now.keys());
    if !is_known(artefact) && paths.any(|path| artefact_name(path) == PROGRAM) {
        [was, now] = components(PROGRAM).map(Option::unwrap_or_default);
    }
    let paths: BTreeSet<_> = was.keys().chain(now.keys()).collect();
    let paths = paths.into_iter().filter(|path| is_known(artefact_name(path)));
    let changes = paths.map(|path| Change {
        path: path.clone(),
        before: was.get(path).copied(),
        after: now.get(path).copied(),
    });
    let mut changes: Vec<_> = changes.filter(|change| change.difference() != 0).collect();
    largest_first(&mut changes);
    changes
}

/// The `count` components that grew most, in descending order.
pub fn largest_increases(before: &Report, after: &Report, artefact: &str, count: usize) -> Vec<Change> {
    let mut changes = changed_components(before, after, artefact);
    changes.retain(|change| change.difference() > 0);
    changes.truncate(count);
    changes
}

/// The changed components of all artefacts. A component in several artefacts is listed once.
pub fn all_changed_components(before: &Report, after: &Report) -> Vec<Change> {
    let changes = after.artefacts.iter().flat_map(|artefact| {
        let changes = changed_components(before, after, &artefact.name).into_iter();
        // The program's components are repeated in each artefact with the program.
        changes.filter(move |change| change.artefact() == artefact.name)
    });
    let mut changes: Vec<_> = changes.collect();
    largest_first(&mut changes);
    changes
}

#[cfg(test)]
mod tests;
