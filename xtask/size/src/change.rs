//! What changed between two reports: parts by their paths, and components, the largest changes first.
//! Refuses to know how either report came about.

use std::collections::{BTreeMap, BTreeSet};

use super::bootstrap;
use super::figures::difference;
use super::part::Part;
use super::report::Report;

/// The program in an image or archive.
const PROGRAM: &str = bootstrap::NAME;

/// A part's names, from the artefact down.
pub type Path = Vec<String>;

/// A part in both reports, or in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub path: Path,
    /// Its bytes before; none if it is new.
    pub before: Option<u64>,
    /// Its bytes after; none if it is gone.
    pub after: Option<u64>,
}

impl Change {
    pub fn difference(&self) -> i64 {
        difference(self.before.unwrap_or(0), self.after.unwrap_or(0))
    }

    /// The artefact that it is in.
    pub fn artefact(&self) -> &str {
        artefact_of(&self.path)
    }

    /// Its name within the artefact: `OpenCV/imgproc`. The artefact's own name for itself.
    pub fn name(&self) -> String {
        match self.path.as_slice() {
            [_, below @ ..] if !below.is_empty() => below.join("/"),
            path => path.join("/"),
        }
    }
}

fn artefact_of(path: &[String]) -> &str {
    path.first().map_or("", String::as_str)
}

/// What is known of a part's earlier state.
#[derive(Clone, Copy, Debug)]
pub enum Earlier<'a> {
    /// Nothing: there is no earlier report, or it does not go down so far.
    Unknown,
    /// It was not there.
    Absent,
    /// It was this.
    Was(&'a Part),
}

impl<'a> Earlier<'a> {
    /// An artefact's.
    pub fn artefact(before: Option<&'a Report>, name: &str) -> Self {
        match before {
            None => Self::Unknown,
            Some(report) => report.artefact(name).map_or(Self::Absent, Self::Was),
        }
    }

    /// The same of a part of this.
    pub fn part(self, name: &str) -> Self {
        match self {
            Self::Was(whole) if whole.parts.is_empty() => Self::Unknown,
            Self::Was(whole) => whole.get(name).map_or(Self::Absent, Self::Was),
            other => other,
        }
    }
}

/// The changed parts whose own parts tell nothing of it, the largest change first: functions, files, and wholes
/// that one report does not go into. The function's program is looked into once.
pub fn parts_changed(before: &Report, after: &Report) -> Vec<Change> {
    let changes = changes(before, after);
    let is_copy = |change: &Change| change.path.iter().skip(1).any(|name| is_program(name));
    let mut found: Vec<Change> = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let next = changes.get(at + 1);
        let goes_on = next.is_some_and(|next| next.path.starts_with(&change.path));
        if !goes_on && !is_copy(change) {
            found.push(change.clone());
        }
    }
    largest_first(&mut found);
    found
}

fn largest_first(changes: &mut [Change]) {
    changes.sort_by_key(|change| std::cmp::Reverse(change.difference().unsigned_abs()));
}

/// Every artefact and part that is not of the same size in both, each whole before its parts. Where one
/// report does not go down as far as the other, nothing is said of what lies below.
fn changes(before: &Report, after: &Report) -> Vec<Change> {
    let mut found = Vec::new();
    compare(&[], &before.artefacts, &after.artefacts, &mut found);
    found.retain(|change| change.before != change.after);
    found
}

fn compare(path: &[String], before: &[Part], after: &[Part], found: &mut Vec<Change>) {
    let old: BTreeMap<&str, &Part> = named(before).collect();
    let new: BTreeMap<&str, &Part> = named(after).collect();
    let gone = named(before).filter(|(name, _)| !new.contains_key(name));
    for (name, _) in named(after).chain(gone) {
        let (old, new) = (old.get(name).copied(), new.get(name).copied());
        let path: Path = path.iter().cloned().chain([name.to_owned()]).collect();
        found.push(Change {
            path: path.clone(),
            before: old.map(|part| part.bytes),
            after: new.map(|part| part.bytes),
        });
        let (old_parts, new_parts) = (below(old), below(new));
        let in_both = old.is_some() && new.is_some();
        if !in_both || (!old_parts.is_empty() && !new_parts.is_empty()) {
            compare(&path, old_parts, new_parts, found);
        }
    }
}

fn below(part: Option<&Part>) -> &[Part] {
    part.map_or(&[], |part| &part.parts)
}

fn named(parts: &[Part]) -> impl Iterator<Item = (&str, &Part)> {
    parts.iter().map(|part| (part.name.as_str(), part))
}

/// The components of an artefact with their bytes, by their paths: of `bootstrap` what lies in its groups, of
/// static libraries the libraries, of others the files of each layer. Where the function's program is among
/// those, its components take its place.
pub fn components(report: &Report, artefact: &Part) -> BTreeMap<Path, u64> {
    let mut found = BTreeMap::new();
    let mut program = false;
    let path = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Path>()
    };
    for part in &artefact.parts {
        let deeper = artefact.name != super::libraries::NAME && !part.parts.is_empty();
        if artefact.name != PROGRAM && is_program(&part.name) {
            program = true;
        } else if !deeper {
            found.insert(path(&[&artefact.name, &part.name]), part.bytes);
        } else {
            for inner in &part.parts {
                if artefact.name != PROGRAM && is_program(&inner.name) {
                    program = true;
                } else {
                    found.insert(
                        path(&[&artefact.name, &part.name, &inner.name]),
                        inner.bytes,
                    );
                }
            }
        }
    }
    if let Some(bootstrap) = report.artefact(PROGRAM).filter(|_| program) {
        found.extend(components(report, bootstrap));
    }
    found
}

fn is_program(name: &str) -> bool {
    name.rsplit('/').next() == Some(PROGRAM)
}

/// The components of an artefact that changed, the largest change first. Of an artefact whose total alone was
/// kept, those of the program in it.
pub fn components_changed(before: &Report, after: &Report, artefact: &str) -> Vec<Change> {
    let (Some(old), Some(new)) = (before.artefact(artefact), after.artefact(artefact)) else {
        return Vec::new();
    };
    let mut now = components(after, new);
    let mut was = components(before, old);
    let goes_down = |report: &Report, artefact: &str| {
        let artefact = report.artefact(artefact);
        artefact.is_some_and(|artefact| !artefact.parts.is_empty())
    };
    let known = |artefact: &str| goes_down(before, artefact) && goes_down(after, artefact);
    let has_program = now
        .keys()
        .chain(was.keys())
        .any(|path| artefact_of(path) == PROGRAM);
    if !known(artefact) && has_program {
        let of_program = |report: &Report| {
            let program = report.artefact(PROGRAM);
            program.map_or(BTreeMap::new(), |program| components(report, program))
        };
        (was, now) = (of_program(before), of_program(after));
    }
    now.retain(|path, _| known(artefact_of(path)));
    was.retain(|path, _| known(artefact_of(path)));
    let paths: BTreeSet<&Path> = was.keys().chain(now.keys()).collect();
    let mut changes: Vec<_> = paths
        .into_iter()
        .map(|path| Change {
            path: path.clone(),
            before: was.get(path).copied(),
            after: now.get(path).copied(),
        })
        .filter(|change| change.difference() != 0)
        .collect();
    largest_first(&mut changes);
    changes
}

/// The `most` components that grew most, the first more than the second.
pub fn grown(before: &Report, after: &Report, artefact: &str, most: usize) -> Vec<Change> {
    let mut changes = components_changed(before, after, artefact);
    changes.retain(|change| change.difference() > 0);
    changes.truncate(most);
    changes
}

/// What changed most in all artefacts. What lies in several is listed once.
pub fn all_components_changed(before: &Report, after: &Report) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for artefact in &after.artefacts {
        let new = components_changed(before, after, &artefact.name);
        // The program's components come again in whatever has it.
        changes.extend(
            new.into_iter()
                .filter(|change| change.artefact() == artefact.name),
        );
    }
    largest_first(&mut changes);
    changes
}

#[cfg(test)]
mod tests;
