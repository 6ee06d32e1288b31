//! What breaks a rule, and what rules need to be told.

use std::fmt;

use serde::Serialize;

use super::rule::Rule;
use crate::Architecture;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "names that say all need no comment here")]
pub struct Finding {
    pub rule: Rule,
    pub severity: Severity,
    /// What was found, and where.
    pub message: String,
    pub requirement: &'static str,
    pub remedy: &'static str,
}

/// How bad a breach is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Lambda would refuse it, or the function would not start.
    Error,
    /// It can be right; somebody should know.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "names that say all need no comment here")]
pub struct LintOptions {
    pub architecture: Option<Architecture>,
}

#[derive(Debug, Default)]
pub(crate) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(crate) fn error(&mut self, rule: Rule, message: impl Into<String>) {
        self.add(rule, Severity::Error, message.into());
    }

    pub(crate) fn warning(&mut self, rule: Rule, message: impl Into<String>) {
        self.add(rule, Severity::Warning, message.into());
    }

    /// An error for some things, if there are any; `suffix` follows their names.
    pub(crate) fn error_for_items(&mut self, rule: Rule, items: &[String], suffix: &str) {
        if !items.is_empty() {
            self.error(rule, abbreviate(items) + suffix);
        }
    }

    fn add(&mut self, rule: Rule, severity: Severity, message: String) {
        let description = rule.description();
        self.0.push(Finding {
            rule,
            severity,
            message,
            requirement: &description.requirement,
            remedy: &description.remedy,
        });
    }
}

/// A list for people: the first few, and how many there are besides.
pub(crate) fn abbreviate(items: &[String]) -> String {
    const SHOWN: usize = 5;
    let first: Vec<_> = items.iter().take(SHOWN).map(|i| format!("`{i}`")).collect();
    match items.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
