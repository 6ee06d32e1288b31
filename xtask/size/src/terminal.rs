//! Renders a document for the terminal: for each artefact a table two levels deep, then changes, budgets, competitors,
//! history, the baseline and ablation. Lines have at most 100 characters.

use super::diff::{PreviousPart, all_changed_components, changed_parts, previous_part};
use super::format::{difference, format_percentage, format_ratio, format_signed_bytes, truncate_middle};
use super::part::Part;
use super::report::{Baseline, Document, PreviousReport, Report};
use support::output::{format_bytes, format_table};

const WIDTH: usize = 100;

/// The parts of a whole that are shown; the rest is one line.
const MAX_PARTS: usize = 5;

const MAX_CHANGES: usize = 10;

#[derive(Clone, Copy, Debug, Default)]
pub struct DisplayOptions {
    /// Show every part of each whole, not only the largest, and every part that changed, not only components.
    pub all: bool,
}

impl DisplayOptions {
    /// The number of rows to show of `count`: `limit`, or all if it is only one more, because "and 1 more" would take
    /// as much space as that row.
    fn visible_count(self, count: usize, limit: usize) -> usize {
        if self.all || count <= limit + 1 { count } else { limit }
    }

    /// Limits the rows to [`MAX_CHANGES`], followed by a row with the number of omitted ones.
    fn limit_rows(self, rows: impl ExactSizeIterator<Item = Row>) -> Vec<Row> {
        let (all, count) = (rows.len(), self.visible_count(rows.len(), MAX_CHANGES));
        let more = (all > count).then(|| vec![format!("and {} more", all - count)]);
        rows.take(count).chain(more).collect()
    }
}

type Row = Vec<String>;

pub fn render(document: &Document, display: DisplayOptions) -> String {
    let Document {
        report,
        previous_report,
        ..
    } = document;
    let before = previous_report.as_ref();
    let mut sections = vec![title(report, before)];
    sections.extend(document.degraded.iter().map(|degradation| format!("{degradation}.\n")));
    for whole in &report.artefacts {
        let earlier = before.map(|before| before.report.artefact(&whole.name));
        sections.push(artefact(whole, earlier, display));
    }
    sections.extend(before.and_then(|before| changes(before, report, display)));
    sections.extend(budgets(document));
    sections.extend(competitors(document));
    sections.extend(history(document));
    let baseline = document.baseline.as_ref();
    sections.extend(baseline.map(|found| self::baseline(found, display)));
    sections.extend(ablation(document));
    sections.join("\n")
}

fn title(report: &Report, before: Option<&PreviousReport>) -> String {
    let revision = report.revision.as_deref();
    let mut line = report.architecture.to_string();
    line += &revision.map_or(String::new(), |revision| format!(" at {revision}"));
    if let Some(before) = before {
        line += &format!(", compared with {}", before.label);
        let revision = before.report.revision.as_deref();
        line += &revision.map_or(String::new(), |revision| format!(" at {revision}"));
    }
    truncate_middle(&line, WIDTH) + "\n"
}

fn artefact(artefact: &Part, earlier: PreviousPart, display: DisplayOptions) -> String {
    let mut rows = vec![head("|uncompressed|share|compressed|linked|change")];
    add_part(&mut rows, artefact, earlier, artefact.bytes, 0, display);
    fit_to_width(without_empty_columns(&rows))
}

fn add_part(rows: &mut Vec<Row>, part: &Part, was: PreviousPart, whole: u64, depth: usize, display: DisplayOptions) {
    let indent = "  ".repeat(depth);
    let some = |bytes: Option<u64>| bytes.map_or(String::new(), format_bytes);
    rows.push(vec![
        format!("{indent}{}", part.name),
        format_bytes(part.bytes),
        format_percentage(part.bytes, whole),
        some(part.compressed_bytes),
        some(part.linked_bytes),
        signed_change_of(part, was),
    ]);
    if depth == 2 {
        return;
    }
    let count = display.visible_count(part.parts.len(), MAX_PARTS);
    let (first, rest) = part.parts.split_at(count);
    for inner in first {
        let earlier = previous_part(was, &inner.name);
        add_part(rows, inner, earlier, whole, depth + 1, display);
    }
    if !rest.is_empty() {
        let bytes = rest.iter().map(|part| part.bytes).sum();
        let name = format!("{indent}  and {} more", rest.len());
        rows.push(vec![name, format_bytes(bytes), format_percentage(bytes, whole)]);
    }
}

/// The part's change in size; empty if it has not changed, or if its earlier size is not known.
fn signed_change_of(part: &Part, earlier: PreviousPart) -> String {
    match earlier {
        None => String::new(),
        Some(None) => "new".to_owned(),
        Some(Some(before)) => signed_change(before.bytes, part.bytes),
    }
}

fn signed_change(before: u64, after: u64) -> String {
    match difference(before, after) {
        0 => String::new(),
        bytes => format_signed_bytes(bytes),
    }
}

fn changes(before: &PreviousReport, report: &Report, display: DisplayOptions) -> Option<String> {
    let changed = if display.all {
        changed_parts(&before.report, report)
    } else {
        all_changed_components(&before.report, report)
    };
    let rows = changed.iter().map(|change| {
        let name = format!("{}: {}", change.artefact(), change.name());
        [name].into_iter().chain(change.columns()).collect()
    });
    section("changed most|before|now|change|", display.limit_rows(rows))
}

fn budgets(document: &Document) -> Option<String> {
    let rows = document.budgets.iter().map(|budget| {
        let left = match budget.remaining() {
            Ok(left) => format_bytes(left),
            Err(more) => format!("{} over", format_bytes(more)),
        };
        let name = format!("{}, {}", budget.artefact, budget.measure.label());
        vec![name, format_bytes(budget.limit_bytes), format_bytes(budget.bytes), left]
    });
    section("budgets|limit|now|left", rows)
}

fn competitors(document: &Document) -> Option<String> {
    let rows = document.competitors.iter().map(|competitor| {
        let (name, measure) = (competitor.name.clone(), competitor.measure.label().to_owned());
        let (theirs, ours, ratio) = (
            format_bytes(competitor.bytes),
            format_bytes(competitor.our_bytes),
            format_ratio(competitor.ratio),
        );
        vec![name, measure, theirs, ours, ratio, competitor.artefact.clone()]
    });
    section("competitors||theirs|ours||", rows)
}

fn history(document: &Document) -> Option<String> {
    let milestones = &document.history;
    let last = [None].into_iter().chain(milestones.iter().map(Some));
    let rows = milestones.iter().zip(last).map(|(milestone, last)| {
        let last = last.unwrap_or(milestone);
        vec![
            milestone.description.clone(),
            format_bytes(milestone.uncompressed_bytes),
            signed_change(last.uncompressed_bytes, milestone.uncompressed_bytes),
            format_bytes(milestone.compressed_bytes),
            signed_change(last.compressed_bytes, milestone.compressed_bytes),
        ]
    });
    section("history of bootstrap|uncompressed||compressed|", rows)
}

fn baseline(baseline: &Baseline, display: DisplayOptions) -> String {
    let seconds = |seconds: f64| format!("{seconds:.1} s");
    let rows = baseline.modules.iter().map(|module| {
        vec![
            module.name.clone(),
            format_bytes(module.library_bytes),
            format_bytes(module.our_library_bytes),
            format_bytes(module.linked_bytes),
            format_bytes(module.our_linked_bytes),
            seconds(module.compile_seconds),
            seconds(module.our_compile_seconds),
        ]
    });
    let head = self::head("the baseline|library|ours|linked|ours|compiled|ours");
    let mut text = fit_to_width([head].into_iter().chain(display.limit_rows(rows)).collect());
    let mut line = |line: &str| text += &(truncate_middle(line, WIDTH) + "\n");
    line(&baseline.description);
    line(&format!(
        "  the function linked with it is {}; compiling it takes {}, compiling ours {}",
        format_bytes(baseline.bootstrap_bytes),
        seconds(baseline.compile_seconds),
        seconds(baseline.our_compile_seconds)
    ));
    for missing in &baseline.missing {
        line(&format!("  without {missing}"));
    }
    text
}

fn ablation(document: &Document) -> Option<String> {
    let rows = document.ablation.iter().map(|cost| {
        let sizes = [cost.library_bytes, cost.bootstrap_bytes, cost.compressed_bytes].map(format_signed_bytes);
        [cost.feature.clone()].into_iter().chain(sizes).collect()
    });
    section("cost of features|libraries|bootstrap|compressed", rows)
}

fn head(cells: &str) -> Row {
    cells.split('|').map(str::to_owned).collect()
}

fn section(head: &str, rows: impl IntoIterator<Item = Row>) -> Option<String> {
    let rows: Vec<_> = [self::head(head)].into_iter().chain(rows).collect();
    (rows.len() > 1).then(|| fit_to_width(rows))
}

/// Removes columns that only have a head.
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

fn fit_to_width(mut rows: Vec<Row>) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        2 + cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let others: usize = (1..columns).map(width).sum();
    for row in &mut rows {
        if let Some(name) = row.first_mut() {
            *name = truncate_middle(name, WIDTH.saturating_sub(others));
        }
    }
    format_table(&rows)
}

#[cfg(test)]
mod tests;
