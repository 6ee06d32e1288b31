//! `cargo xtask lint REF`: whether Lambda would take an image or a zip archive, whoever made it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use layer::lint::{Expected, Finding, Severity};
use opencv_build::target::Architecture;
use serde::Serialize;

use crate::answer::{Answer, path, print};
use crate::pack::checked::show;

/// What to check.
#[derive(clap::Args, Clone, Debug)]
pub struct Arguments {
    /// An OCI layout folder, an image archive (tar) or a zip archive
    #[arg(value_name = "REF")]
    pub reference: String,

    /// The architecture that the function has: x86_64 or aarch64. Without it, the artefact must only fit
    /// itself
    #[arg(long)]
    pub architecture: Option<Architecture>,
}

/// What was found.
#[derive(Serialize)]
pub struct LintAnswer {
    reference: PathBuf,
    errors: usize,
    warnings: usize,
    findings: Vec<Finding>,
}

/// Checks it and prints all findings; fails if Lambda would refuse it.
pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let expected = Expected {
        architecture: arguments.architecture.map(|a| a.name().to_owned()),
    };
    let reference = Path::new(&arguments.reference);
    let findings = layer::lint::lint(reference, &expected)
        .with_context(|| format!("failed to check `{}`", arguments.reference))?;
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let answer = LintAnswer {
        reference: reference.to_owned(),
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        findings,
    };
    print(&answer, json)?;
    match answer.errors {
        0 => Ok(()),
        1 => bail!("one rule is broken; Lambda would refuse it"),
        errors => bail!("{errors} rules are broken; Lambda would refuse it"),
    }
}

impl Answer for LintAnswer {
    fn text(&self) -> String {
        let mut lines: Vec<_> = self.findings.iter().map(show).collect();
        let summary = match (self.errors, self.warnings) {
            (0, 0) => "no rule of Lambda's is broken".to_owned(),
            (errors, warnings) => format!("errors: {errors}, warnings: {warnings}"),
        };
        lines.push(format!("{}: {summary}", path(&self.reference)));
        lines.join("\n")
    }
}
