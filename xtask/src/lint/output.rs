//! The output of `cargo xtask lint`: findings, or the description of a rule.

use layer::lint::{Finding, Rule, RuleDescription, Severity};
use package::artefacts::lint::format_finding;
use serde::Serialize;
use support::output::CommandOutput;

#[derive(Serialize)]
pub(super) struct LintOutput {
    reference: String,
    pub(super) errors: usize,
    warnings: usize,
    notes: usize,
    findings: Vec<ArtefactFinding>,
}

/// A finding with the path or the reference of its artefact.
#[derive(Serialize)]
pub(super) struct ArtefactFinding {
    artefact: String,
    #[serde(flatten)]
    finding: Finding,
}

/// The description of a rule.
#[derive(Serialize)]
pub(super) struct RuleOutput {
    pub(super) rule: Rule,
    #[serde(flatten)]
    pub(super) about: &'static RuleDescription,
}

impl CommandOutput for RuleOutput {
    fn to_text(&self) -> String {
        let about = self.about;
        format!(
            "{}: {}\n  why      {}\n  source   {}\n  example  {}\n  remedy   {}",
            self.rule, about.requirement, about.why, about.source, about.example, about.remedy
        )
    }
}

impl LintOutput {
    /// The output for artefacts, each with its findings.
    pub(super) fn new(checked: Vec<(String, Vec<Finding>)>) -> Self {
        let references: Vec<_> = checked.iter().map(|(reference, _)| reference.as_str()).collect();
        let reference = references.join(" and ");
        let of_artefact = |(artefact, findings): (String, Vec<Finding>)| {
            findings.into_iter().map(move |finding| ArtefactFinding {
                artefact: artefact.clone(),
                finding,
            })
        };
        let findings: Vec<_> = checked.into_iter().flat_map(of_artefact).collect();
        let count = |severity| findings.iter().filter(|it| it.finding.severity == severity).count();
        Self {
            reference,
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
            findings,
        }
    }
}

impl CommandOutput for LintOutput {
    fn to_text(&self) -> String {
        let format = |ArtefactFinding { artefact, finding }: &ArtefactFinding| {
            let text = format_finding(finding);
            // The last line names a single artefact.
            match *artefact == self.reference {
                true => text,
                false => format!("{text}\n  in      {artefact}"),
            }
        };
        let mut lines: Vec<_> = self.findings.iter().map(format).collect();
        let summary = match (self.errors, self.warnings, self.notes) {
            (0, 0, 0) => "no errors, no warnings".to_owned(),
            (errors, warnings, 0) => format!("errors: {errors}, warnings: {warnings}"),
            (errors, warnings, notes) => format!("errors: {errors}, warnings: {warnings}, notes: {notes}"),
        };
        lines.push(format!("{}: {summary}", self.reference));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_of_several_artefacts_name_their_own() {
        let about = Rule::Entrypoint.description();
        let found = || {
            vec![Finding {
                rule: Rule::Entrypoint,
                severity: Severity::Error,
                message: "there is none".to_owned(),
                requirement: &about.requirement,
                remedy: &about.remedy,
            }]
        };
        let both = LintOutput::new(vec![("image".to_owned(), found()), ("a.zip".to_owned(), found())]);
        let text = both.to_text();
        let places: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("  in      "))
            .collect();
        assert_eq!(places, ["image", "a.zip"]);
        assert!(text.ends_with("\nimage and a.zip: errors: 2, warnings: 0"), "{text}");
        let json = serde_json::to_value(&both).unwrap();
        assert_eq!(json["findings"][1]["artefact"], "a.zip");
        assert_eq!(json["findings"][1]["rule"], "entrypoint");
        let one = LintOutput::new(vec![("a.zip".to_owned(), found())]);
        assert!(!one.to_text().contains("  in "), "{}", one.to_text());
    }
}
