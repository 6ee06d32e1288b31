//! What cargo says about packages: which there are, their programs, and the names of their artefacts.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::{Metadata as CargoMetadata, MetadataCommand, Package};
use fs_err as fs;
use support::run::output;

use super::metadata::{self, Metadata};
use crate::cargo::cargo;
use crate::workspace::Workspace;

pub(super) fn query_cargo(project: &Workspace, manifest: &Path) -> Result<CargoMetadata> {
    let mut cargo = cargo(project, manifest, "metadata")?;
    cargo.args(["--format-version", "1", "--no-deps"]);
    let text = output(&mut cargo).with_context(|| format!("failed to read `{}`", manifest.display()))?;
    MetadataCommand::parse(text).context("failed to parse the output of `cargo metadata`")
}

/// The package's name in `[workspace.metadata.lambda]`.
pub(super) fn default_function(metadata: &CargoMetadata) -> Result<&str> {
    let found = metadata.workspace_metadata.pointer("/lambda/default-function");
    let name = found.and_then(serde_json::Value::as_str);
    name.context("`default-function` in `[workspace.metadata.lambda]` does not name a package")
}

pub(super) fn artefact_name(package: &Package, lambda: &Metadata) -> Result<String> {
    if let Some(name) = &lambda.name {
        return Ok(name.clone());
    }
    let name = package.name.to_string();
    metadata::check_name(&name).context("the package's name cannot be that of an image; set the key `name`")?;
    Ok(name)
}

/// Artefacts of the packages of a workspace are in one folder, by their names.
pub(super) fn ensure_unique_name(metadata: &CargoMetadata, package: &Package, name: &str) -> Result<()> {
    let others = metadata.packages.iter().filter(|other| other.id != package.id);
    for other in others {
        let lambda = other.metadata.get("lambda");
        // Only packages with the table are functions.
        let Some(lambda) = lambda else { continue };
        let theirs = lambda
            .get("name")
            .and_then(serde_json::Value::as_str)
            .unwrap_or(&other.name);
        ensure!(
            theirs != name,
            "the package `{}` also has the name `{name}`; set another `name`",
            other.name
        );
    }
    Ok(())
}

pub(super) fn binary(package: &Package, named: Option<&str>) -> Result<String> {
    let names = binaries(package);
    if let Some(named) = named {
        let known = names.iter().any(|name| name == named);
        ensure!(
            known,
            "`binary` names `{named}`; the package's programs are: {}",
            list(&names)
        );
        return Ok(named.to_owned());
    }
    match names.as_slice() {
        [only] => Ok(only.clone()),
        [] => bail!(
            "the package `{}` has no program; add `src/main.rs`, or name another package",
            package.name
        ),
        names if names.iter().any(|name| name == "bootstrap") => Ok("bootstrap".to_owned()),
        names => bail!(
            "the package has several programs: {}; set the key `binary` to one of them",
            list(names)
        ),
    }
}

pub(super) fn binaries(package: &Package) -> Vec<String> {
    let programs = package.targets.iter().filter(|target| target.is_bin());
    programs.map(|target| target.name.clone()).collect()
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    join(names.iter().map(String::as_str))
}

pub(super) fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(one).is_some_and(|path| Some(path) == real(other))
}
