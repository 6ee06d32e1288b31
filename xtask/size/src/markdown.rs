//! Renders a document as a comment for a pull request: a summary line, artefacts before and after, the largest changes,
//! and budgets.

use super::diff::all_changed_components;
use super::format::format_percent_change;
use super::part::Part;
use super::report::{Document, Measure, PreviousReport};
use support::output::format_bytes;

const MAX_CHANGES: usize = 20;

pub fn render(document: &Document) -> String {
    let report = &document.report;
    let mut text = format!(
        "### Sizes of {}\n\n{}\n",
        escaped(report.architecture.name()),
        summary(document)
    );
    for degradation in &document.degraded {
        text += &format!("{}.\n\n", escaped(degradation));
    }
    text += &artefacts(document);
    if let Some(before) = &document.previous_report {
        text += &changes(document, before);
    }
    text + &budgets(document)
}

fn previous<'a>(document: &'a Document, artefact: &str) -> Option<&'a Part> {
    document.previous_report.as_ref()?.report.artefact(artefact)
}

fn sizes(document: &Document) -> impl Iterator<Item = (&Part, Measure, Option<u64>, u64)> {
    document.report.artefacts.iter().flat_map(move |artefact| {
        let measures = [Measure::Uncompressed, Measure::Compressed].into_iter();
        measures.filter_map(move |measure| {
            let was = previous(document, &artefact.name).and_then(|was| was.bytes_by(measure));
            Some((artefact, measure, was, artefact.bytes_by(measure)?))
        })
    })
}

fn summary(document: &Document) -> String {
    let Some(earlier) = &document.previous_report else {
        let whole = document.report.artefacts.first();
        let first = whole.map_or(String::new(), |part| {
            format!("{} {}; ", code(&part.name), format_bytes(part.bytes))
        });
        return format!("{first}there is no earlier report to compare with.\n");
    };
    let mut changed = Vec::new();
    let mut same = 0;
    for (artefact, measure, was, is) in sizes(document) {
        let change = match was {
            Some(was) if was == is => {
                same += 1;
                continue;
            }
            Some(was) => change_with_arrow(was, is),
            None => format!("{} is new", format_bytes(is)),
        };
        let name = code(&artefact.name);
        changed.push(format!("{name} {} {change}", measure.label()));
    }
    let label = escaped(&earlier.label);
    let changed = changed.join(", ");
    let mut line = match (changed.as_str(), same) {
        ("", _) => format!("Nothing changed since {label}."),
        (_, 0) => format!("Since {label}: {changed}."),
        (_, _) => format!("Since {label}: {changed}; {same} of the same size."),
    };
    let over = document.budgets.iter().filter(|it| it.remaining().is_err());
    match over.count() {
        0 => (),
        over => line += &format!(" **Over budget: {over}.**"),
    }
    line + "\n"
}

/// Formats as `↑ 100.0 kB (+1.4%)`.
fn change_with_arrow(was: u64, is: u64) -> String {
    let arrow = match was.cmp(&is) {
        std::cmp::Ordering::Less => '↑',
        std::cmp::Ordering::Equal => return "same".to_owned(),
        std::cmp::Ordering::Greater => '↓',
    };
    let mut text = format!("{arrow} {}", format_bytes(was.abs_diff(is)));
    let relative = format_percent_change(was, is);
    if !relative.is_empty() {
        text += &format!(" ({relative})");
    }
    text
}

fn artefacts(document: &Document) -> String {
    let mut text = "| artefact | | before | after | change |\n|---|---|--:|--:|--:|\n".to_owned();
    for (artefact, measure, was, is) in sizes(document) {
        let name = code(&artefact.name);
        let (before, after) = (was.map_or("–".to_owned(), format_bytes), format_bytes(is));
        let change = was.map_or(String::new(), |was| change_with_arrow(was, is));
        text += &row(&[&name, measure.label(), &before, &after, &change]);
    }
    let before = document.previous_report.iter();
    for artefact in before.flat_map(|before| &before.report.artefacts) {
        if document.report.artefact(&artefact.name).is_none() {
            let (name, bytes) = (code(&artefact.name), format_bytes(artefact.bytes));
            text += &row(&[&name, "uncompressed", &bytes, "–", "gone"]);
        }
    }
    text
}

fn changes(document: &Document, before: &PreviousReport) -> String {
    let changes = all_changed_components(&before.report, &document.report);
    if changes.is_empty() {
        return String::new();
    }
    let mut text = "\n<details><summary>Components that changed most</summary>\n\n\
                    | component | before | after | change | |\n|---|--:|--:|--:|--:|\n"
        .to_owned();
    for change in changes.iter().take(MAX_CHANGES) {
        let name = format!("{}: {}", escaped(change.artefact()), code(&change.name()));
        let [was, is, more, percent] = &change.columns();
        text += &row(&[&name, was, is, more, percent]);
    }
    if let Some(more @ 1..) = changes.len().checked_sub(MAX_CHANGES) {
        text += &format!("\nand {more} more\n");
    }
    text + "\n</details>\n"
}

fn budgets(document: &Document) -> String {
    if document.budgets.is_empty() {
        return String::new();
    }
    let mut text = "\n| budget | | limit | now | left |\n|---|---|--:|--:|--:|\n".to_owned();
    for budget in &document.budgets {
        let left = match budget.remaining() {
            Ok(left) => format_bytes(left),
            Err(more) => format!("**{} over**", format_bytes(more)),
        };
        let (name, measure) = (code(&budget.artefact), budget.measure.label());
        let (limit, now) = (format_bytes(budget.limit_bytes), format_bytes(budget.bytes));
        text += &row(&[&name, measure, &limit, &now, &left]);
    }
    text
}

fn row(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Formats a name as code in a table: a `|` would end the cell, and a backtick the code.
fn code(name: &str) -> String {
    let inner = name.replace('|', "\\|").replace(['\n', '\r'], " ");
    if inner.contains('`') {
        format!("`` {inner} ``")
    } else {
        format!("`{inner}`")
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let slash = |character: char| r"\`*_[]<>&|#~@".contains(character).then_some('\\');
    let characters = text.chars();
    characters.flat_map(|it| slash(it).into_iter().chain([it])).collect()
}

#[cfg(test)]
mod tests;
