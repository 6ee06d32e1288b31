//! Lambda's rules for what was written, before anything leaves the machine.

use std::path::Path;

use anyhow::{Result, bail};
use layer::Architecture;
use layer::lint::{Expected, Finding, Rule, Severity, lint};
use support::progress::tell;

/// Refuses the artefact at `path` if Lambda would; warnings are told. An image that is no function, such
/// as the SDK's, starts nothing.
pub fn check(path: &Path, architecture: Architecture, function: bool) -> Result<()> {
    let expected = Expected {
        architecture: Some(architecture),
    };
    let mut findings = lint(path, &expected)?;
    findings.retain(|finding| function || finding.rule != Rule::Entrypoint);
    let (errors, warnings): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|finding| finding.severity == Severity::Error);
    for warning in &warnings {
        tell(&show(warning));
    }
    if errors.is_empty() {
        return Ok(());
    }
    let shown: Vec<_> = errors.iter().map(show).collect();
    bail!(
        "Lambda would refuse `{}`:\n{}",
        path.display(),
        shown.join("\n")
    )
}

/// A finding as people read it: what, the rule, and what to do.
pub fn show(finding: &Finding) -> String {
    format!(
        "{} {}: {}\n  rule    {}\n  remedy  {}",
        finding.severity, finding.rule, finding.found, finding.demands, finding.remedy
    )
}
