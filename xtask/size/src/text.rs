//! A document as the terminal shows it: for each artefact a table two levels deep, then what changed, budgets,
//! others, history, the baseline and single features. No line has more than a hundred characters.

use super::change::{Earlier, all_components_changed, parts_changed};
use super::figures::{difference, percent, share, shorten, signed, times};
use super::part::Part;
use super::report::{Baseline, Before, Document, Milestone, Report};
use support::answer::{size, table};

/// The most characters of a line.
const WIDTH: usize = 100;

/// So many parts of a whole are shown; what is left is one line.
const PARTS: usize = 5;

/// So many components are shown that changed.
const CHANGES: usize = 10;

/// What is shown of a document.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
    /// Every part of each whole, not only the largest, and every part that changed, not only components.
    pub all: bool,
}

impl Shown {
    /// How many of `count` are shown where there is room for `most`: never all but one, as that one needs no
    /// more room than the line that says so.
    fn of(self, count: usize, most: usize) -> usize {
        if self.all || count <= most + 1 {
            count
        } else {
            most
        }
    }
}

type Row = Vec<String>;

pub fn text(document: &Document, shown: Shown) -> String {
    let Document { report, before, .. } = document;
    let mut sections = vec![title(report, before.as_ref())];
    let lacks = document.lacks.iter().map(|lack| format!("{lack}.\n"));
    sections.extend(lacks);
    for artefact in &report.artefacts {
        let before = before.as_ref().map(|before| &before.report);
        let earlier = Earlier::artefact(before, &artefact.name);
        sections.push(self::artefact(artefact, earlier, shown));
    }
    sections.extend(
        before
            .as_ref()
            .and_then(|before| changed(before, report, shown)),
    );
    sections.extend(budgets(document));
    sections.extend(peers(document));
    sections.extend(history(&document.history));
    sections.extend(
        document
            .baseline
            .as_ref()
            .map(|found| baseline(found, shown)),
    );
    sections.extend(ablation(document));
    sections.join("\n")
}

fn title(report: &Report, before: Option<&Before>) -> String {
    let revision = report.revision.as_deref();
    let mut line = report.architecture.to_string();
    line += &revision.map_or(String::new(), |revision| format!(" at {revision}"));
    if let Some(before) = before {
        line += &format!(", compared with {}", before.label);
        let revision = before.report.revision.as_deref();
        line += &revision.map_or(String::new(), |revision| format!(" at {revision}"));
    }
    shorten(&line, WIDTH) + "\n"
}

/// An artefact, what it consists of, and what that consists of.
fn artefact(artefact: &Part, earlier: Earlier, shown: Shown) -> String {
    let names = ["", "unpacked", "share", "packed", "linked", "change"];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    add(&mut rows, artefact, earlier, artefact.bytes, 0, shown);
    fitted(without_empty_columns(rows))
}

fn add(rows: &mut Vec<Row>, part: &Part, earlier: Earlier, whole: u64, depth: usize, shown: Shown) {
    let indent = "  ".repeat(depth);
    let some = |bytes: Option<u64>| bytes.map_or(String::new(), size);
    rows.push(vec![
        format!("{indent}{}", part.name),
        size(part.bytes),
        share(part.bytes, whole),
        some(part.packed),
        some(part.linked),
        change(part, earlier),
    ]);
    if depth == 2 {
        return;
    }
    let count = shown.of(part.parts.len(), PARTS);
    let (first, rest) = part.parts.split_at(count);
    for inner in first {
        add(
            rows,
            inner,
            earlier.part(&inner.name),
            whole,
            depth + 1,
            shown,
        );
    }
    if !rest.is_empty() {
        let bytes = rest.iter().map(|part| part.bytes).sum();
        let name = format!("{indent}  and {} more", rest.len());
        rows.push(vec![name, size(bytes), share(bytes, whole)]);
    }
}

/// By how much a part grew; nothing where it did not, or where nobody knows.
fn change(part: &Part, earlier: Earlier) -> String {
    match earlier {
        Earlier::Unknown => String::new(),
        Earlier::Absent => "new".to_owned(),
        Earlier::Was(before) => match difference(before.bytes, part.bytes) {
            0 => String::new(),
            bytes => signed(bytes),
        },
    }
}

fn changed(before: &Before, report: &Report, shown: Shown) -> Option<String> {
    let changes = if shown.all {
        parts_changed(&before.report, report)
    } else {
        all_components_changed(&before.report, report)
    };
    if changes.is_empty() {
        return None;
    }
    let some = |bytes: Option<u64>, none: &str| bytes.map_or(none.to_owned(), size);
    let mut rows = vec![row(&["changed most", "before", "now", "change", ""])];
    let count = shown.of(changes.len(), CHANGES);
    rows.extend(changes.iter().take(count).map(|change| {
        vec![
            format!("{}: {}", change.artefact(), change.name()),
            some(change.before, "new"),
            some(change.after, "gone"),
            signed(change.difference()),
            percent(change.before.unwrap_or(0), change.after.unwrap_or(0)),
        ]
    }));
    if changes.len() > count {
        rows.push(vec![format!("and {} more", changes.len() - count)]);
    }
    Some(fitted(rows))
}

fn budgets(document: &Document) -> Option<String> {
    let mut rows = vec![row(&["budgets", "most", "now", "left"])];
    rows.extend(document.budgets.iter().map(|budget| {
        let left = difference(budget.bytes, budget.most);
        let left = match u64::try_from(left) {
            Ok(left) => size(left),
            Err(_) => format!("{} too many", size(left.unsigned_abs())),
        };
        vec![
            format!("{}, {}", budget.artefact, budget.measure.word()),
            size(budget.most),
            size(budget.bytes),
            left,
        ]
    }));
    section(rows)
}

fn peers(document: &Document) -> Option<String> {
    let mut rows = vec![row(&["others", "", "theirs", "ours", "", ""])];
    rows.extend(document.peers.iter().map(|peer| {
        vec![
            peer.name.clone(),
            peer.measure.word().to_owned(),
            size(peer.bytes),
            size(peer.ours),
            times(peer.ratio),
            peer.artefact.clone(),
        ]
    }));
    section(rows)
}

fn history(milestones: &[Milestone]) -> Option<String> {
    let mut rows = vec![row(&["history of bootstrap", "unpacked", "", "packed", ""])];
    let mut last: Option<&Milestone> = None;
    for milestone in milestones {
        let change = |before: Option<u64>, after: u64| {
            let bytes = before.map(|before| difference(before, after));
            bytes
                .filter(|bytes| *bytes != 0)
                .map_or(String::new(), signed)
        };
        rows.push(vec![
            milestone.what.clone(),
            size(milestone.unpacked),
            change(last.map(|last| last.unpacked), milestone.unpacked),
            size(milestone.packed),
            change(last.map(|last| last.packed), milestone.packed),
        ]);
        last = Some(milestone);
    }
    section(rows)
}

fn baseline(baseline: &Baseline, shown: Shown) -> String {
    let seconds = |seconds: f64| format!("{seconds:.1} s");
    let mut rows = vec![row(&[
        "the baseline",
        "library",
        "ours",
        "linked",
        "ours",
        "compiled",
        "ours",
    ])];
    let count = shown.of(baseline.modules.len(), CHANGES);
    rows.extend(baseline.modules.iter().take(count).map(|module| {
        vec![
            module.name.clone(),
            size(module.library),
            size(module.our_library),
            size(module.binary),
            size(module.our_binary),
            seconds(module.seconds),
            seconds(module.our_seconds),
        ]
    }));
    if baseline.modules.len() > count {
        rows.push(vec![format!("and {} more", baseline.modules.len() - count)]);
    }
    let mut text = fitted(rows);
    let mut line = |line: String| text += &(shorten(&line, WIDTH) + "\n");
    line(baseline.what.clone());
    line(format!(
        "  the function with it is {}, compiling it takes {}; ours takes {}",
        size(baseline.bootstrap),
        seconds(baseline.seconds),
        seconds(baseline.our_seconds)
    ));
    for missing in &baseline.missing {
        line(format!("  without {missing}"));
    }
    text
}

fn ablation(document: &Document) -> Option<String> {
    let mut rows = vec![row(&[
        "what a feature costs",
        "libraries",
        "bootstrap",
        "packed",
    ])];
    rows.extend(document.ablation.iter().map(|cost| {
        vec![
            cost.feature.clone(),
            signed(cost.libraries),
            signed(cost.binary),
            signed(cost.packed),
        ]
    }));
    section(rows)
}

fn row(cells: &[&str]) -> Row {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

/// A table; none if it has no more than its head.
fn section(rows: Vec<Row>) -> Option<String> {
    (rows.len() > 1).then(|| fitted(rows))
}

/// Columns that have no more than a name say nothing.
fn without_empty_columns(rows: Vec<Row>) -> Vec<Row> {
    let is_full = |column: usize| {
        let mut cells = rows.iter().skip(1).filter_map(|row| row.get(column));
        cells.any(|cell| !cell.is_empty())
    };
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let full: Vec<bool> = (0..columns).map(is_full).collect();
    let kept = |row: Row| {
        let cells = row.into_iter().zip(&full);
        cells
            .filter_map(|(cell, full)| full.then_some(cell))
            .collect()
    };
    rows.into_iter().map(kept).collect()
}

/// A table whose names are so short that its lines fit.
fn fitted(mut rows: Vec<Row>) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        2 + cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let others: usize = (1..columns).map(width).sum();
    for row in &mut rows {
        if let Some(name) = row.first_mut() {
            *name = shorten(name, WIDTH.saturating_sub(others));
        }
    }
    table(&rows)
}

#[cfg(test)]
mod tests;
