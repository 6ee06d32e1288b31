//! `cargo xtask lint REF`: checks whether Lambda would accept an image or a zip archive that was created by any tool.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use layer::lint::{Finding, LintOptions, Severity, lint};
use opencv_build::Architecture;
use serde::Serialize;
use support::progress::print_status;

use crate::registry;
use package::artefacts::lint::format_finding;
use support::output::{CommandOutput, print};

#[derive(clap::Args, Clone, Debug)]
pub struct Arguments {
    /// An OCI layout folder, an image archive (tar), a zip archive, or an image in a registry
    #[arg(value_name = "REF")]
    pub reference: String,

    /// The function's architecture: x86_64 or aarch64. Without it, only the artefact's own
    /// consistency is checked
    #[arg(long)]
    pub architecture: Option<Architecture>,
}

#[derive(Serialize)]
pub struct LintOutput {
    reference: String,
    errors: usize,
    warnings: usize,
    findings: Vec<Finding>,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let expected = LintOptions {
        architecture: arguments.architecture,
    };
    let reference = &arguments.reference;
    let findings = lint_reference(reference, &expected).with_context(|| format!("failed to check `{reference}`"))?;
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let answer = LintOutput {
        reference: reference.clone(),
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        findings,
    };
    print(&answer, json)?;
    match answer.errors {
        0 => Ok(()),
        1 => bail!("one rule is broken; Lambda would reject it"),
        errors => bail!("{errors} rules are broken; Lambda would reject it"),
    }
}

/// Lints the file or folder of that name if it exists, otherwise the image in a registry: everything that Lambda would
/// see there, including an image index.
fn lint_reference(reference: &str, expected: &LintOptions) -> Result<Vec<Finding>> {
    let path = Path::new(reference);
    if path.exists() {
        return Ok(lint(path, expected)?);
    }
    if looks_like_a_path(path) {
        bail!("there is no file or folder `{reference}`");
    }
    print_status(&format!(
        "`{reference}` is not a file or folder; pulling it from a registry"
    ));
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    registry::pull(reference, folder.path())?;
    Ok(lint(folder.path(), expected)?)
}

/// References to registries are relative, and do not end like archives.
fn looks_like_a_path(path: &Path) -> bool {
    let is_archive = |extension: &OsStr| {
        ["zip", "tar", "tgz", "gz", "oci"]
            .iter()
            .any(|known| extension == *known)
    };
    path.is_absolute() || path.starts_with(".") || path.starts_with("..") || path.extension().is_some_and(is_archive)
}

impl CommandOutput for LintOutput {
    fn to_text(&self) -> String {
        let mut lines: Vec<_> = self.findings.iter().map(format_finding).collect();
        let summary = match (self.errors, self.warnings) {
            (0, 0) => "no errors, no warnings".to_owned(),
            (errors, warnings) => format!("errors: {errors}, warnings: {warnings}"),
        };
        lines.push(format!("{}: {summary}", self.reference));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_distinguished_from_references() {
        for path in ["/a/b", "./a", "../a", "face-detect.zip", "a/b.tar", "image.tar.gz"] {
            assert!(looks_like_a_path(Path::new(path)), "{path}");
        }
        for reference in [
            "debian",
            "debian:12",
            "public.ecr.aws/lambda/provided:al2023",
            "host:5000/a/b@sha256:00",
        ] {
            assert!(!looks_like_a_path(Path::new(reference)), "{reference}");
        }
    }
}
