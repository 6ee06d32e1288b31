//! The documents for the test, and the results of a search that the page must show.

use size::part::{Kind, Part};
use size::report::{Document, PreviousReport, Report};

/// The name of a part, which the page must show as text.
pub const MARKUP: &str = "</script><b>bold-markup</b>";

/// The document with a part named [`MARKUP`] in its first artefact, and with a previous report.
pub fn with_everything(document: &Document) -> Document {
    let mut document = document.clone();
    if document.previous_report.is_none() {
        document.previous_report = Some(PreviousReport {
            label: "an earlier report".into(),
            report: earlier(&document.report),
        });
    }
    if let Some(artefact) = document.report.artefacts.first_mut() {
        let part = Part::leaf(MARKUP, 1_234, Kind::Code);
        artefact.bytes += part.bytes;
        artefact.parts.push(part);
        let parts = &mut artefact.parts;
        parts.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    }
    document
}

/// The document with only its artefacts.
pub fn without_optional_sections(document: &Document) -> Document {
    Document {
        previous_report: None,
        competitors: Vec::new(),
        budgets: Vec::new(),
        history: Vec::new(),
        baseline: None,
        ablation: Vec::new(),
        degraded: Vec::new(),
        ..document.clone()
    }
}

/// The report without the smallest part of each artefact.
fn earlier(report: &Report) -> Report {
    let mut report = report.clone();
    for artefact in &mut report.artefacts {
        if artefact.parts.len() > 1 {
            let gone = artefact.parts.pop().map_or(0, |part| part.bytes);
            artefact.bytes -= gone;
        }
    }
    report
}

/// The parts whose names contain a text, ignoring case.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Matches {
    pub count: usize,
    /// Their total; matches within a matching part are not counted again.
    pub bytes: u64,
    /// The bytes of the largest.
    pub largest: u64,
}

impl Matches {
    /// The matches within an artefact, not including the artefact itself.
    pub fn of(artefact: &Part, text: &str) -> Self {
        let mut matches = Self::default();
        let text = text.to_lowercase();
        for part in &artefact.parts {
            matches.take(part, &text, false);
        }
        matches
    }

    fn take(&mut self, part: &Part, text: &str, inside: bool) {
        let hit = part.name.to_lowercase().contains(text);
        if hit {
            self.count += 1;
            self.largest = self.largest.max(part.bytes);
            self.bytes += if inside { 0 } else { part.bytes };
        }
        for part in &part.parts {
            self.take(part, text, inside || hit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_matches_count_once() {
        let leaf = |name: &str, bytes| Part::leaf(name, bytes, Kind::Code);
        let file = Part::branch("Resize.cpp", vec![leaf("resize", 5), leaf("other", 4)]);
        let artefact = Part::branch("resize", vec![file, leaf("preRESIZEd", 2)]);
        let expected = Matches {
            count: 3,
            bytes: 11,
            largest: 9,
        };
        assert_eq!(Matches::of(&artefact, "resize"), expected);
    }
}
