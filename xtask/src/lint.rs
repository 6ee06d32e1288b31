//! `cargo xtask lint REF`: checks whether Lambda would accept an image or a zip archive that was created by any tool.
//! Without REF, it checks the image and the archive of a function's package.

mod output;

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use layer::lint::{Finding, LintOptions, Rule, ZipKind, lint, sarif};
use layer::split_reference;
use opencv_build::Architecture;
use support::progress::print_status;

use crate::registry;
use output::{LintOutput, RuleOutput};
use package::artefacts;
use package::build::{self, ArchitectureSelection, Build};
use package::function_package::PackageArguments;
use support::output::print;

#[derive(clap::Args, Clone, Debug)]
pub struct Arguments {
    /// A folder (an OCI layout, or skopeo's dir:), an image archive (tar), a zip archive, or an image
    /// in a registry. If a layout or an archive has several images, PATH#TAG names one of them
    /// [default: what `image` and `zip` have written of the function]
    #[arg(value_name = "REF", conflicts_with_all = ["package", "manifest_path"])]
    pub reference: Option<String>,

    #[command(flatten)]
    pub package: PackageArguments,

    /// The function's architecture: x86_64 or arm64, or `all` for what was written for both. Without it, only the own
    /// consistency of REF is checked
    #[arg(long, alias = "architecture", value_name = "ARCHITECTURE")]
    pub arch: Option<ArchitectureSelection>,

    /// What a zip archive is for: `function` or `layer`
    #[arg(long, value_name = "KIND", default_value = "function")]
    pub kind: Kind,

    /// The runtime of a zip archive's function or layer, such as python3.13 [default: provided.al2023]
    #[arg(long, value_name = "NAME")]
    pub runtime: Option<String>,

    /// Access this registry by plain HTTP; may be given several times
    #[arg(long, value_name = "HOST[:PORT]")]
    pub plain_http: Vec<String>,

    /// Print the findings as SARIF 2.1.0, which code hosts show
    #[arg(long)]
    pub sarif: bool,

    /// Explain a rule: why Lambda has it, its source, an example and the remedy
    #[arg(long, value_name = "RULE", conflicts_with_all = ["reference", "sarif"])]
    pub explain: Option<Rule>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub enum Kind {
    Function,
    Layer,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    if let Some(rule) = arguments.explain {
        let about = rule.description();
        return print(&RuleOutput { rule, about }, json);
    }
    let options = LintOptions {
        zip_kind: match arguments.kind {
            Kind::Function => ZipKind::Function,
            Kind::Layer => ZipKind::Layer,
        },
        runtime: arguments.runtime.clone(),
        ..LintOptions::default()
    };
    let mut checked = Vec::new();
    for (reference, architecture) in references(arguments)? {
        let options = LintOptions {
            architecture,
            ..options.clone()
        };
        let findings = lint_reference(&reference, options, &arguments.plain_http);
        let findings = findings.with_context(|| format!("failed to check `{reference}`"))?;
        checked.push((reference, findings));
    }
    if arguments.sarif {
        let checked: Vec<_> = checked
            .iter()
            .map(|(it, found)| (it.as_str(), found.as_slice()))
            .collect();
        println!("{:#}", sarif("cargo xtask lint", &checked));
    }
    let output = LintOutput::new(checked);
    if !arguments.sarif {
        print(&output, json)?;
    }
    match output.errors {
        0 => Ok(()),
        1 => bail!("1 error: Lambda would refuse it, or the function would not start"),
        errors => bail!("{errors} errors: Lambda would refuse it, or the function would not start"),
    }
}

/// What is checked, each with the architecture that it must have.
fn references(arguments: &Arguments) -> Result<Vec<(String, Option<Architecture>)>> {
    if let Some(reference) = &arguments.reference {
        let architecture = match arguments.arch {
            None => None,
            Some(ArchitectureSelection::One(architecture)) => Some(architecture),
            Some(ArchitectureSelection::All) => {
                bail!("`--arch all` is for what was written of a package; a function has one architecture")
            }
        };
        return Ok(vec![(reference.clone(), architecture)]);
    }
    let builds = Build::read_all(&build::Arguments {
        arch: arguments.arch,
        ..build::Arguments::for_package(&arguments.package)
    })?;
    let mut all = Vec::new();
    for build in &builds {
        let architecture = build.recipe.target.architecture;
        let written = artefacts_of(build)?.into_iter();
        all.extend(written.map(|path| (path, Some(architecture))));
    }
    Ok(all)
}

/// The image and the archive of a function's package; those that were written.
fn artefacts_of(build: &Build) -> Result<Vec<String>> {
    let (package, architecture) = (&build.package, build.recipe.target.architecture);
    let folder = artefacts::output_dir(package, architecture);
    let paths = [folder.join(&package.name), artefacts::zip_path(package, architecture)];
    let written = paths.iter().filter(|path| path.exists());
    let written: Vec<_> = written.map(|path| path.display().to_string()).collect();
    if written.is_empty() {
        let name = &package.name;
        let options = format!(
            "{} --arch {}",
            package.options(&build.workspace),
            architecture.lambda_name()
        );
        bail!(
            "there is no image or archive of `{name}` in `{}`; write them with `cargo xtask image{options}` and \
             `cargo xtask zip{options}`",
            folder.display()
        );
    }
    Ok(written)
}

/// Lints the file or folder of that name if it exists, otherwise the image in a registry: everything that Lambda would
/// see there, including an image index.
fn lint_reference(reference: &str, mut options: LintOptions, plain_http: &[String]) -> Result<Vec<Finding>> {
    let (path, image) = split_reference(reference);
    if path.exists() {
        options.image = image.map(str::to_owned);
        return Ok(lint(path, &options)?);
    }
    if looks_like_a_path(path) {
        bail!("there is no file or folder `{}`", path.display());
    }
    print_status(&format!(
        "`{reference}` is not a file or folder; pulling it from a registry"
    ));
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    registry::pull(reference, folder.path(), plain_http)?;
    options.in_registry = true;
    Ok(lint(folder.path(), &options)?)
}

/// References to registries are relative, and do not end like archives.
fn looks_like_a_path(path: &Path) -> bool {
    let is_archive = |extension: &OsStr| {
        ["bz2", "gz", "jar", "oci", "tar", "tbz2", "tgz", "xz", "zip", "zst"]
            .iter()
            .any(|known| extension == *known)
    };
    path.is_absolute() || path.starts_with(".") || path.starts_with("..") || path.extension().is_some_and(is_archive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_distinguished_from_references() {
        for path in [
            "/a/b",
            "./a",
            "../a",
            "face-detect.zip",
            "a/b.tar",
            "image.tar.gz",
            "app.jar",
        ] {
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
