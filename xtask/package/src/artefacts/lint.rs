//! Checks artefacts against Lambda's rules, before they leave the machine.

use std::path::Path;

use anyhow::{Result, bail};
use layer::Architecture;
use layer::lint::{Finding, LintOptions, Rule, Severity, lint};
use support::progress::print_status;

/// Fails if Lambda would refuse the artefact at `path`; prints warnings and notes. The rule for the entry point applies
/// only to a `function`, not to the SDK's image.
pub fn check_artefact(path: &Path, architecture: Architecture, function: bool) -> Result<()> {
    let expected = LintOptions {
        architecture: Some(architecture),
        ..LintOptions::default()
    };
    let mut findings = lint(path, &expected)?;
    findings.retain(|finding| function || finding.rule != Rule::Entrypoint);
    let (errors, others): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|finding| finding.severity == Severity::Error);
    for finding in &others {
        print_status(&format_finding(finding));
    }
    if errors.is_empty() {
        return Ok(());
    }
    let shown: Vec<_> = errors.iter().map(format_finding).collect();
    bail!("Lambda would refuse `{}`:\n{}", path.display(), shown.join("\n"))
}

pub fn format_finding(finding: &Finding) -> String {
    format!(
        "{} {}: {}\n  rule    {}\n  remedy  {}",
        finding.severity, finding.rule, finding.message, finding.requirement, finding.remedy
    )
}
