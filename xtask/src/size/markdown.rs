//! A document as a comment to a pull request: a line that says it all, artefacts before and after, what changed
//! most, and budgets.

use std::fmt::Write;

use super::change::all_components_changed;
use super::figures::{difference, percent, signed};
use super::part::Part;
use super::report::{Before, Document, Measure};
use crate::answer::size;

/// So many components are listed.
const CHANGES: usize = 20;

/// The document's Markdown.
pub fn markdown(document: &Document) -> String {
    let report = &document.report;
    let mut text = format!(
        "### Sizes of {}\n\n{}\n",
        escaped(&report.architecture),
        summary(document)
    );
    text += &artefacts(document);
    if let Some(before) = &document.before {
        text += &changes(document, before);
    }
    text + &budgets(document)
}

fn before<'a>(document: &'a Document, artefact: &str) -> Option<&'a Part> {
    document.before.as_ref()?.report.artefact(artefact)
}

/// What was and what is of a size of each artefact that has it.
fn sizes(document: &Document) -> impl Iterator<Item = (&Part, Measure, Option<u64>, u64)> {
    document.report.artefacts.iter().flat_map(move |artefact| {
        let measures = [Measure::Unpacked, Measure::Packed].into_iter();
        measures.filter_map(move |measure| {
            let was = before(document, &artefact.name).and_then(|was| measure.of(was));
            Some((artefact, measure, was, measure.of(artefact)?))
        })
    })
}

/// One line: each size that changed, and how many did not.
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
        let Some(was) = was else {
            changed.push(format!(
                "{} {} {} is new",
                code(&artefact.name),
                measure.word(),
                size(is)
            ));
            continue;
        };
        if was == is {
            same += 1;
            continue;
        }
        changed.push(format!(
            "{} {} {}",
            code(&artefact.name),
            measure.word(),
            arrow(was, is)
        ));
    }
    let label = escaped(&earlier.label);
    let over = document
        .budgets
        .iter()
        .filter(|budget| budget.bytes > budget.most)
        .count();
    let mut line = match (changed.len(), same) {
        (0, _) => format!("Nothing changed since {label}."),
        (_, 0) => format!("Since {label}: {}.", changed.join(", ")),
        (_, _) => format!(
            "Since {label}: {}; {same} of the same size.",
            changed.join(", ")
        ),
    };
    if over > 0 {
        let _ = write!(line, " **Over budget: {over}.**");
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
    let relative = percent(was, is);
    let relative = if relative.is_empty() {
        relative
    } else {
        format!(" ({relative})")
    };
    format!("{arrow} {}{relative}", size(was.abs_diff(is)))
}

fn artefacts(document: &Document) -> String {
    let mut text = "| artefact | | before | after | change |\n|---|---|--:|--:|--:|\n".to_owned();
    for (artefact, measure, was, is) in sizes(document) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            code(&artefact.name),
            measure.word(),
            was.map_or("–".to_owned(), size),
            size(is),
            was.map_or(String::new(), |was| arrow(was, is))
        );
    }
    let gone = document
        .before
        .iter()
        .flat_map(|before| &before.report.artefacts);
    for artefact in gone.filter(|artefact| document.report.artefact(&artefact.name).is_none()) {
        let name = code(&artefact.name);
        let _ = writeln!(
            text,
            "| {name} | unpacked | {} | – | gone |",
            size(artefact.bytes)
        );
    }
    text
}

fn changes(document: &Document, before: &Before) -> String {
    let changes = all_components_changed(&before.report, &document.report);
    if changes.is_empty() {
        return String::new();
    }
    let some = |bytes: Option<u64>, none: &str| bytes.map_or(none.to_owned(), size);
    let mut text = "\n<details><summary>Components that changed most</summary>\n\n\
                    | component | before | after | change | |\n|---|--:|--:|--:|--:|\n"
        .to_owned();
    for change in changes.iter().take(CHANGES) {
        let (was, is) = (change.before, change.after);
        let _ = writeln!(
            text,
            "| {}: {} | {} | {} | {} | {} |",
            escaped(&change.path[0]),
            code(&change.name()),
            some(was, "new"),
            some(is, "gone"),
            signed(change.difference()),
            percent(was.unwrap_or(0), is.unwrap_or(0))
        );
    }
    if let Some(more @ 1..) = changes.len().checked_sub(CHANGES) {
        let _ = writeln!(text, "\nand {more} more");
    }
    text + "\n</details>\n"
}

fn budgets(document: &Document) -> String {
    if document.budgets.is_empty() {
        return String::new();
    }
    let mut text = "\n| budget | | most | now | left |\n|---|---|--:|--:|--:|\n".to_owned();
    for budget in &document.budgets {
        let left = difference(budget.bytes, budget.most);
        let left = match u64::try_from(left) {
            Ok(left) => size(left),
            Err(_) => format!("**{} too many**", size(left.unsigned_abs())),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {left} |",
            code(&budget.artefact),
            budget.measure.word(),
            size(budget.most),
            size(budget.bytes)
        );
    }
    text
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

/// Words in which nothing is Markdown or HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '\n' | '\r' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '|' | '#' | '~' | '@' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::sample::{after, code as leaf, document, report};
    use super::*;

    #[test]
    fn a_comment_has_a_summary_artefacts_changes_and_budgets() {
        let expected = "\
### Sizes of x86\\_64

Since the last report: `bootstrap` unpacked ↑ 400.0 kB (+6.1%), `image face-detect` unpacked ↑ 410.0 kB (+6.0%), \
`zip face-detect` unpacked ↑ 400.0 kB (+6.1%), `static libraries` unpacked ↑ 200.0 kB (+2.3%); 3 of the same size. \
**Over budget: 1.**

| artefact | | before | after | change |
|---|---|--:|--:|--:|
| `bootstrap` | unpacked | 6.60 MB | 7.00 MB | ↑ 400.0 kB (+6.1%) |
| `bootstrap` | packed | 3.30 MB | 3.30 MB | same |
| `image face-detect` | unpacked | 6.80 MB | 7.21 MB | ↑ 410.0 kB (+6.0%) |
| `image face-detect` | packed | 3.35 MB | 3.35 MB | same |
| `zip face-detect` | unpacked | 6.60 MB | 7.00 MB | ↑ 400.0 kB (+6.1%) |
| `zip face-detect` | packed | 3.30 MB | 3.30 MB | same |
| `static libraries` | unpacked | 8.60 MB | 8.80 MB | ↑ 200.0 kB (+2.3%) |

<details><summary>Components that changed most</summary>

| component | before | after | change | |
|---|--:|--:|--:|--:|
| bootstrap: `OpenCV/imgproc` | 400.0 kB | 700.0 kB | +300.0 kB | +75.0% |
| static libraries: `libopencv_imgproc.a` | 8.60 MB | 8.80 MB | +200.0 kB | +2.3% |
| bootstrap: `Rust crates/tokio` | new | 150.0 kB | +150.0 kB |  |
| bootstrap: `Rust crates/h2` | 50.0 kB | gone | -50.0 kB | -100.0% |
| image face-detect: `the function/usr/share/licenses` | 200.0 kB | 210.0 kB | +10.0 kB | +5.0% |

</details>

| budget | | most | now | left |
|---|---|--:|--:|--:|
| `bootstrap` | unpacked | 6.90 MB | 7.00 MB | **100.0 kB too many** |
| `zip face-detect` | packed | 3.60 MB | 3.30 MB | 299.8 kB |
";
        assert_eq!(markdown(&document()), expected);
    }

    #[test]
    fn without_a_change_or_an_earlier_report_it_says_so() {
        let mut document = document();
        document.before.as_mut().unwrap().report = after();
        let same = markdown(&document);
        assert!(
            same.contains("\nNothing changed since the last report. **Over"),
            "{same}"
        );
        assert!(!same.contains("<details>"), "{same}");
        document.before = None;
        let alone = markdown(&document);
        assert!(
            alone.contains("`bootstrap` 7.00 MB; there is no earlier report"),
            "{alone}"
        );
        assert!(
            alone.contains("| `bootstrap` | packed | – | 3.30 MB |  |"),
            "{alone}"
        );
    }

    #[test]
    fn artefacts_come_go_and_shrink() {
        let mut document = document();
        document.report = report(vec![leaf("bootstrap", 90), leaf("zip new", 5)]);
        document.before.as_mut().unwrap().report =
            report(vec![leaf("bootstrap", 100), leaf("zip old", 7)]);
        let text = markdown(&document);
        assert!(
            text.contains("`bootstrap` unpacked ↓ 10 B (-10.0%), `zip new` unpacked 5 B is new."),
            "{text}"
        );
        assert!(
            text.contains("| `zip old` | unpacked | 7 B | – | gone |"),
            "{text}"
        );
        assert!(
            text.contains("| `zip new` | unpacked | – | 5 B |  |"),
            "{text}"
        );
    }

    #[test]
    fn names_cannot_break_out() {
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(escaped("<b>*x*\n@me"), "\\<b\\>\\*x\\* \\@me");
    }
}
