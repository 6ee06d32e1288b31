//! Lambda's rules for what was written, before anything leaves the machine.

use std::path::Path;

use anyhow::{Result, bail};
use layer::Architecture;
use layer::lint::{Finding, LintOptions, Rule, Severity, lint};
use support::progress::print_status;

/// Refuses the artefact at `path` if Lambda would; warnings are told. An image that is no function, such
/// as the SDK's, starts nothing.
pub fn check_artefact(path: &Path, architecture: Architecture, function: bool) -> Result<()> {
    let expected = LintOptions {
        architecture: Some(architecture),
    };
    let mut findings = lint(path, &expected)?;
    findings.retain(|finding| function || finding.rule != Rule::Entrypoint);
    let (errors, warnings): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|finding| finding.severity == Severity::Error);
    for warning in &warnings {
        print_status(&format_finding(warning));
    }
    if errors.is_empty() {
        return Ok(());
    }
    let shown: Vec<_> = errors.iter().map(format_finding).collect();
    bail!(
        "Lambda would refuse `{}`:\n{}",
        path.display(),
        shown.join("\n")
    )
}

/// A finding as people read it: what, the rule, and what to do.
pub fn format_finding(finding: &Finding) -> String {
    format!(
        "{} {}: {}\n  rule    {}\n  remedy  {}",
        finding.severity, finding.rule, finding.message, finding.requirement, finding.remedy
    )
}
