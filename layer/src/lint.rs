//! Whether Lambda would take an artefact: every rule that it has, checked before anything leaves the
//! machine. All breaches are found at once, each with its rule and what to do.

mod image;
mod layers;
mod program;
mod rule;
#[cfg(test)]
mod tests;
mod zip;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Serialize;

pub use self::image::lint_source;
pub use self::rule::Rule;
pub use self::zip::lint_zip;
use crate::{Error, Result, open};

/// A breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, and where.
    pub found: String,
    /// What the rule demands.
    pub demands: &'static str,
    /// What to do.
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
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// What is known about the function.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The architecture that the function has, as rustc names it.
    pub architecture: Option<String>,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn error(&mut self, rule: Rule, found: impl Into<String>) {
        self.add(rule, Severity::Error, found.into());
    }

    pub(crate) fn warning(&mut self, rule: Rule, found: impl Into<String>) {
        self.add(rule, Severity::Warning, found.into());
    }

    fn add(&mut self, rule: Rule, severity: Severity, found: String) {
        let text = rule.text();
        self.0.push(Finding {
            rule,
            severity,
            found,
            demands: &text.demands,
            remedy: &text.remedy,
        });
    }
}

/// Checks the layout folder, the image archive or the zip archive at `path`.
///
/// # Errors
/// There is nothing there, or nothing of these.
pub fn lint(path: &Path, expected: &Expected) -> Result<Vec<Finding>> {
    if path.is_file() && is_zip(path)? {
        return lint_zip(path, expected);
    }
    lint_source(open(path)?.as_ref(), expected)
}

/// Whether a file begins as zip archives do: with a file, or with the end of an empty one.
fn is_zip(path: &Path) -> Result<bool> {
    let mut magic = Vec::new();
    let file = File::open(path).map_err(Error::io("read", path))?;
    let read = file.take(4).read_to_end(&mut magic);
    read.map_err(Error::io("read", path))?;
    Ok(magic == b"PK\x03\x04" || magic == b"PK\x05\x06")
}

/// A list for people: the first few, and how many there are besides.
pub(crate) fn some(items: &[String]) -> String {
    const SHOWN: usize = 5;
    let first: Vec<_> = items.iter().take(SHOWN).map(|i| format!("`{i}`")).collect();
    match items.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
