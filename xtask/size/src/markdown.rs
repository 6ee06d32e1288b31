//! A document as a comment to a pull request: a line that says it all, artefacts before and after, what changed
//! most, and budgets.

use super::change::all_components_changed;
use super::figures::percent;
use super::part::Part;
use super::report::{Before, Document, Measure};
use support::answer::size;

const CHANGES: usize = 20;

pub fn markdown(document: &Document) -> String {
    let report = &document.report;
    let mut text = format!(
        "### Sizes of {}\n\n{}\n",
        escaped(report.architecture.name()),
        summary(document)
    );
    for lack in &document.lacks {
        text += &format!("{}.\n\n", escaped(lack));
    }
    text += &artefacts(document);
    if let Some(before) = &document.before {
        text += &changes(document, before);
    }
    text + &budgets(document)
}

fn before<'a>(document: &'a Document, artefact: &str) -> Option<&'a Part> {
    document.before.as_ref()?.report.artefact(artefact)
}

fn sizes(document: &Document) -> impl Iterator<Item = (&Part, Measure, Option<u64>, u64)> {
    document.report.artefacts.iter().flat_map(move |artefact| {
        let measures = [Measure::Unpacked, Measure::Packed].into_iter();
        measures.filter_map(move |measure| {
            let was = before(document, &artefact.name).and_then(|was| was.measured(measure));
            Some((artefact, measure, was, artefact.measured(measure)?))
        })
    })
}

fn summary(document: &Document) -> String {
    let Some(earlier) = &document.before else {
        let whole = document.report.artefacts.first();
        let first = whole.map_or(String::new(), |part| {
            format!("{} {}; ", code(&part.name), size(part.bytes))
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
            Some(was) => arrow(was, is),
            None => format!("{} is new", size(is)),
        };
        let name = code(&artefact.name);
        changed.push(format!("{name} {} {change}", measure.word()));
    }
    let label = escaped(&earlier.label);
    let changed = changed.join(", ");
    let mut line = match (changed.as_str(), same) {
        ("", _) => format!("Nothing changed since {label}."),
        (_, 0) => format!("Since {label}: {changed}."),
        (_, _) => format!("Since {label}: {changed}; {same} of the same size."),
    };
    let over = document.budgets.iter().filter(|it| it.left().is_err());
    match over.count() {
        0 => (),
        over => line += &format!(" **Over budget: {over}.**"),
    }
    line + "\n"
}

/// A change: `↑ 100.0 kB (+1.4%)`.
fn arrow(was: u64, is: u64) -> String {
    let arrow = match was.cmp(&is) {
        std::cmp::Ordering::Less => '↑',
        std::cmp::Ordering::Equal => return "same".to_owned(),
        std::cmp::Ordering::Greater => '↓',
    };
    let mut text = format!("{arrow} {}", size(was.abs_diff(is)));
    let relative = percent(was, is);
    if !relative.is_empty() {
        text += &format!(" ({relative})");
    }
    text
}

fn artefacts(document: &Document) -> String {
    let mut text = "| artefact | | before | after | change |\n|---|---|--:|--:|--:|\n".to_owned();
    for (artefact, measure, was, is) in sizes(document) {
        let name = code(&artefact.name);
        let (before, after) = (was.map_or("–".to_owned(), size), size(is));
        let change = was.map_or(String::new(), |was| arrow(was, is));
        text += &row(&[&name, measure.word(), &before, &after, &change]);
    }
    let before = document.before.iter();
    for artefact in before.flat_map(|before| &before.report.artefacts) {
        if document.report.artefact(&artefact.name).is_none() {
            let (name, bytes) = (code(&artefact.name), size(artefact.bytes));
            text += &row(&[&name, "unpacked", &bytes, "–", "gone"]);
        }
    }
    text
}

fn changes(document: &Document, before: &Before) -> String {
    let changes = all_components_changed(&before.report, &document.report);
    if changes.is_empty() {
        return String::new();
    }
    let mut text = "\n<details><summary>Components that changed most</summary>\n\n\
                    | component | before | after | change | |\n|---|--:|--:|--:|--:|\n"
        .to_owned();
    for change in changes.iter().take(CHANGES) {
        let name = format!("{}: {}", escaped(change.artefact()), code(&change.name()));
        let [was, is, more, percent] = &change.columns();
        text += &row(&[&name, was, is, more, percent]);
    }
    if let Some(more @ 1..) = changes.len().checked_sub(CHANGES) {
        text += &format!("\nand {more} more\n");
    }
    text + "\n</details>\n"
}

fn budgets(document: &Document) -> String {
    if document.budgets.is_empty() {
        return String::new();
    }
    let mut text = "\n| budget | | most | now | left |\n|---|---|--:|--:|--:|\n".to_owned();
    for budget in &document.budgets {
        let left = match budget.left() {
            Ok(left) => size(left),
            Err(more) => format!("**{} too many**", size(more)),
        };
        let (name, measure) = (code(&budget.artefact), budget.measure.word());
        let (most, now) = (size(budget.most), size(budget.bytes));
        text += &row(&[&name, measure, &most, &now, &left]);
    }
    text
}

fn row(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// A name as code in a table: a bar would end the cell, and a backtick the code.
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
    characters
        .flat_map(|it| slash(it).into_iter().chain([it]))
        .collect()
}

#[cfg(test)]
mod tests;
