//! The profile `lambda` for a package of a workspace that does not define it: this project's, as settings for cargo's
//! option `--config`.

use anyhow::{Context, Result};
use fs_err as fs;
use toml::{Table, Value};

use support::run::run_checked;

use crate::cargo::cargo;
use crate::function_package::FunctionPackage;
use crate::workspace::Workspace;

const PROFILE: &str = "lambda";

/// Settings such as `profile.lambda.lto="fat"`; none if the package's workspace has the profile.
pub(super) fn settings(project: &Workspace, package: &FunctionPackage) -> Result<Vec<String>> {
    if profile(&package.workspace)?.is_some() {
        return Ok(Vec::new());
    }
    let ours = profile(project)?.context("the project's Cargo.toml has no profile `lambda`")?;
    let lock = package.workspace.root().join("Cargo.lock");
    if !lock.is_file() {
        // The first build would write it too late, and the second one would compile everything with other settings.
        run_checked(&mut cargo(&package.workspace, &package.manifest, "generate-lockfile")?)?;
    }
    let lock = fs::read_to_string(lock)?;
    let mut settings = Vec::new();
    flatten(
        &format!("profile.{PROFILE}"),
        &ours,
        &|name| is_locked(&lock, name),
        &mut settings,
    );
    Ok(settings)
}

fn profile(workspace: &Workspace) -> Result<Option<Table>> {
    let file = workspace.root().join("Cargo.toml");
    let manifest: Table = toml::from_str(&fs::read_to_string(&file)?)
        .with_context(|| format!("failed to read the profiles in `{}`", file.display()))?;
    let profile = manifest.get("profile").and_then(|profiles| profiles.get(PROFILE));
    Ok(profile.and_then(Value::as_table).cloned())
}

fn is_locked(lock: &str, package: &str) -> bool {
    lock.lines().any(|line| line == format!("name = \"{package}\""))
}

/// Adds a setting for each value. Those for packages that `is_used` does not accept are left out.
fn flatten(path: &str, table: &Table, is_used: &dyn Fn(&str) -> bool, settings: &mut Vec<String>) {
    for (key, value) in table {
        if path.ends_with(".package") && !is_used(key) {
            continue;
        }
        match value {
            Value::Table(table) => flatten(&format!("{path}.{key}"), table, is_used, settings),
            value => settings.push(format!("{path}.{key}={value}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_flattened_and_unused_packages_left_out() {
        let table = "inherits = 'release'\nstrip = true\ncodegen-units = 1\n[package.ring]\nopt-level = 3\n\
                     [package.png]\nopt-level = 3\n";
        let mut settings = Vec::new();
        let lock = "[[package]]\nname = \"png\"\nversion = \"1.0.0\"\n";
        flatten(
            "profile.lambda",
            &table.parse().unwrap(),
            &|name| is_locked(lock, name),
            &mut settings,
        );
        settings.sort();
        let expected = [
            "profile.lambda.codegen-units=1",
            "profile.lambda.inherits=\"release\"",
            "profile.lambda.package.png.opt-level=3",
            "profile.lambda.strip=true",
        ];
        assert_eq!(settings, expected);
    }

    #[test]
    fn this_project_has_the_profile() {
        let project = Workspace::find();
        let profile = profile(&project).unwrap().unwrap();
        assert_eq!(profile["inherits"].as_str(), Some("release"));
    }
}
