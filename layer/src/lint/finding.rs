//! Violations of rules, and the options of a check.

use std::fmt;

use serde::Serialize;

use super::rule::Rule;
use crate::Architecture;
use crate::error::escape_control_characters;
use crate::program::Problem;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct Finding {
    pub rule: Rule,
    pub severity: Severity,
    /// The violation and its place in the artefact.
    pub message: String,
    pub requirement: &'static str,
    pub remedy: &'static str,
}

/// The severity of a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Lambda would refuse it, or the function would not start.
    Error,
    /// It may be intended, or is only known to fail in some cases.
    Warning,
    /// Worth knowing, and no reason to change anything.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// Options of a check.
#[derive(Clone, Debug, Default)]
pub struct LintOptions {
    /// The function's architecture. None accepts any that Lambda offers.
    pub architecture: Option<Architecture>,
    /// The tag, name or digest of the image, if the layout or archive has several.
    pub image: Option<String>,
    /// Whether the image was pulled from a registry. Otherwise it is judged as it would be after a push, which
    /// compresses layers.
    pub in_registry: bool,
    /// What a zip archive is for.
    pub zip_kind: ZipKind,
    /// The function's or the layer's runtime, such as `python3.13`. None is `provided.al2023`.
    pub runtime: Option<String>,
}

/// The purpose of a zip archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZipKind {
    /// A function, which Lambda extracts to `/var/task`.
    #[default]
    Function,
    /// A layer for several functions, which Lambda extracts to `/opt`.
    Layer,
}

#[derive(Debug, Default)]
pub(crate) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(crate) fn error(&mut self, rule: Rule, message: impl Into<String>) {
        self.add(rule, Severity::Error, &message.into());
    }

    pub(crate) fn warning(&mut self, rule: Rule, message: impl Into<String>) {
        self.add(rule, Severity::Warning, &message.into());
    }

    pub(crate) fn note(&mut self, rule: Rule, message: impl Into<String>) {
        self.add(rule, Severity::Note, &message.into());
    }

    /// Adds one error for all items, unless `items` is empty. `suffix` follows their names.
    pub(crate) fn error_for_items(&mut self, rule: Rule, items: &[String], suffix: &str) {
        self.for_items(rule, Severity::Error, items, suffix);
    }

    /// Adds one finding for all items, unless `items` is empty. `suffix` follows their names.
    pub(crate) fn for_items(&mut self, rule: Rule, severity: Severity, items: &[String], suffix: &str) {
        if !items.is_empty() {
            self.add(rule, severity, &(abbreviate(items) + suffix));
        }
    }

    /// Adds a problem of a program. What is not certain is a warning.
    pub(super) fn add_problem(&mut self, rule: Rule, problem: &Problem) {
        let severity = match problem.is_certain {
            true => Severity::Error,
            false => Severity::Warning,
        };
        self.add(rule, severity, &problem.message);
    }

    pub(super) fn add(&mut self, rule: Rule, severity: Severity, message: &str) {
        let description = rule.description();
        self.0.push(Finding {
            rule,
            severity,
            message: escape_control_characters(message),
            requirement: &description.requirement,
            remedy: &description.remedy,
        });
    }
}

/// The first few items, and the number of the others.
pub(crate) fn abbreviate(items: &[String]) -> String {
    const SHOWN: usize = 5;
    let first: Vec<_> = items.iter().take(SHOWN).map(|i| format!("`{i}`")).collect();
    match items.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_letters_are_not() {
        let mut findings = Findings::default();
        findings.error(Rule::Intact, "`\u{1b}[31mcaf\u{e9}\n`");
        assert_eq!(findings.0[0].message, "`\\u{1b}[31mcaf\u{e9}\\n`");
    }
}
