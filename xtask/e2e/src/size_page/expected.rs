//! What the page must show of a document, worked out from the document, and a document that has all that is tried.

use size::part::{Kind, Part};
use size::report::{Document, PreviousReport, Report};

/// A part whose name is markup. It must be shown as it is.
pub const MARKUP: &str = "</script><b>bold-markup</b>";

/// The document with a part in its first artefact whose name is markup, and compared with something.
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

/// The document with nothing but its artefacts.
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

/// The same without the smallest part of each artefact.
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

/// Parts whose names have a text in them, whatever its case.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// How many there are.
    pub count: usize,
    /// Their bytes; what lies in a part that matches counts once.
    pub bytes: u64,
    /// The bytes of the largest.
    pub largest: u64,
}

impl Matches {
    /// Those in an artefact, whose own name does not count.
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
