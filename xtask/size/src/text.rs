//! A document as the terminal shows it: for each artefact a table two levels deep, then what changed, budgets,
//! others, history, the baseline and single features. No line has more than a hundred characters.

use super::change::{Earlier, all_components_changed, earlier, parts_changed};
use super::figures::{difference, share, shorten, signed, times};
use super::part::Part;
use super::report::{Baseline, Before, Document, Report};
use support::answer::{size, table};

const WIDTH: usize = 100;

/// So many parts of a whole are shown; what is left is one line.
const PARTS: usize = 5;

const CHANGES: usize = 10;

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

    /// Rows about changes, of which the last may be no more than how many others there are.
    fn cut(self, rows: impl ExactSizeIterator<Item = Row>) -> Vec<Row> {
        let (all, count) = (rows.len(), self.of(rows.len(), CHANGES));
        let more = (all > count).then(|| vec![format!("and {} more", all - count)]);
        rows.take(count).chain(more).collect()
    }
}

type Row = Vec<String>;

pub fn text(document: &Document, shown: Shown) -> String {
    let Document { report, before, .. } = document;
    let before = before.as_ref();
    let mut sections = vec![title(report, before)];
    sections.extend(document.lacks.iter().map(|lack| format!("{lack}.\n")));
    for whole in &report.artefacts {
        let earlier = before.map(|before| before.report.artefact(&whole.name));
        sections.push(artefact(whole, earlier, shown));
    }
    sections.extend(before.and_then(|before| changed(before, report, shown)));
    sections.extend(budgets(document));
    sections.extend(peers(document));
    sections.extend(history(document));
    let baseline = document.baseline.as_ref();
    sections.extend(baseline.map(|found| self::baseline(found, shown)));
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

fn artefact(artefact: &Part, earlier: Earlier, shown: Shown) -> String {
    let mut rows = vec![head("|unpacked|share|packed|linked|change")];
    add(&mut rows, artefact, earlier, artefact.bytes, 0, shown);
    fitted(without_empty_columns(&rows))
}

fn add(rows: &mut Vec<Row>, part: &Part, was: Earlier, whole: u64, depth: usize, shown: Shown) {
    let indent = "  ".repeat(depth);
    let some = |bytes: Option<u64>| bytes.map_or(String::new(), size);
    rows.push(vec![
        format!("{indent}{}", part.name),
        size(part.bytes),
        share(part.bytes, whole),
        some(part.packed),
        some(part.linked),
        change(part, was),
    ]);
    if depth == 2 {
        return;
    }
    let count = shown.of(part.parts.len(), PARTS);
    let (first, rest) = part.parts.split_at(count);
    for inner in first {
        let earlier = earlier(was, &inner.name);
        add(rows, inner, earlier, whole, depth + 1, shown);
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
        None => String::new(),
        Some(None) => "new".to_owned(),
        Some(Some(before)) => signed_change(before.bytes, part.bytes),
    }
}

fn signed_change(before: u64, after: u64) -> String {
    match difference(before, after) {
        0 => String::new(),
        bytes => signed(bytes),
    }
}

fn changed(before: &Before, report: &Report, shown: Shown) -> Option<String> {
    let changes = if shown.all {
        parts_changed(&before.report, report)
    } else {
        all_components_changed(&before.report, report)
    };
    let rows = changes.iter().map(|change| {
        let name = format!("{}: {}", change.artefact(), change.name());
        [name].into_iter().chain(change.columns()).collect()
    });
    section("changed most|before|now|change|", shown.cut(rows))
}

fn budgets(document: &Document) -> Option<String> {
    let rows = document.budgets.iter().map(|budget| {
        let left = match budget.left() {
            Ok(left) => size(left),
            Err(more) => format!("{} too many", size(more)),
        };
        let name = format!("{}, {}", budget.artefact, budget.measure.word());
        vec![name, size(budget.most), size(budget.bytes), left]
    });
    section("budgets|most|now|left", rows)
}

fn peers(document: &Document) -> Option<String> {
    let rows = document.peers.iter().map(|peer| {
        let (name, measure) = (peer.name.clone(), peer.measure.word().to_owned());
        let (theirs, ours, ratio) = (size(peer.bytes), size(peer.ours), times(peer.ratio));
        vec![name, measure, theirs, ours, ratio, peer.artefact.clone()]
    });
    section("others||theirs|ours||", rows)
}

fn history(document: &Document) -> Option<String> {
    let milestones = &document.history;
    let last = [None].into_iter().chain(milestones.iter().map(Some));
    let rows = milestones.iter().zip(last).map(|(milestone, last)| {
        let last = last.unwrap_or(milestone);
        vec![
            milestone.what.clone(),
            size(milestone.unpacked),
            signed_change(last.unpacked, milestone.unpacked),
            size(milestone.packed),
            signed_change(last.packed, milestone.packed),
        ]
    });
    section("history of bootstrap|unpacked||packed|", rows)
}

fn baseline(baseline: &Baseline, shown: Shown) -> String {
    let seconds = |seconds: f64| format!("{seconds:.1} s");
    let rows = baseline.modules.iter().map(|module| {
        vec![
            module.name.clone(),
            size(module.library),
            size(module.our_library),
            size(module.binary),
            size(module.our_binary),
            seconds(module.seconds),
            seconds(module.our_seconds),
        ]
    });
    let head = self::head("the baseline|library|ours|linked|ours|compiled|ours");
    let mut text = fitted([head].into_iter().chain(shown.cut(rows)).collect());
    let mut line = |line: &str| text += &(shorten(line, WIDTH) + "\n");
    line(&baseline.what);
    line(&format!(
        "  the function with it is {}, compiling it takes {}; ours takes {}",
        size(baseline.bootstrap),
        seconds(baseline.seconds),
        seconds(baseline.our_seconds)
    ));
    for missing in &baseline.missing {
        line(&format!("  without {missing}"));
    }
    text
}

fn ablation(document: &Document) -> Option<String> {
    let rows = document.ablation.iter().map(|cost| {
        let sizes = [cost.libraries, cost.binary, cost.packed].map(signed);
        [cost.feature.clone()].into_iter().chain(sizes).collect()
    });
    section("what a feature costs|libraries|bootstrap|packed", rows)
}

fn head(cells: &str) -> Row {
    cells.split('|').map(str::to_owned).collect()
}

fn section(head: &str, rows: impl IntoIterator<Item = Row>) -> Option<String> {
    let rows: Vec<_> = [self::head(head)].into_iter().chain(rows).collect();
    (rows.len() > 1).then(|| fitted(rows))
}

/// Columns that have no more than a name say nothing.
fn without_empty_columns(rows: &[Row]) -> Vec<Row> {
    let is_full = |column: usize| {
        let mut cells = rows.iter().skip(1).filter_map(|row| row.get(column));
        cells.any(|cell| !cell.is_empty())
    };
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let full: Vec<bool> = (0..columns).map(is_full).collect();
    let mut rows = rows.to_vec();
    for row in &mut rows {
        let mut full = full.iter();
        row.retain(|_| full.next() == Some(&true));
    }
    rows
}

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
