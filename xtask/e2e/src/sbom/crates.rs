//! Compares the crates in a document with those in a real build.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use opencv_build::Sdk;
use serde_json::Value;

use super::packages::packages;
use package::build::Build;
use package::build_function;
use package::sbom;

/// Fails unless the crates are those that cargo compiled for the target.
pub fn check(document: &Value, build: &Build, sdk: &Sdk) -> Result<()> {
    let triple = sdk.manifest().target.rust_triple();
    let mut cargo = build_function::cargo_command(build, sdk, "build")?;
    let output = cargo
        .args(["--message-format", "json"])
        .output()
        .context("failed to start cargo")?;
    ensure!(output.status.success(), "cargo failed to build the function");
    let package = &build.package;
    let folder = package.workspace.target_dir().join(triple);
    let mut built = BTreeSet::new();
    for line in output.stdout.split(|byte| *byte == b'\n') {
        let Ok(message) = serde_json::from_slice::<Value>(line) else {
            continue;
        };
        let files = message["filenames"].as_array().into_iter().flatten();
        let mut files = files.filter_map(Value::as_str);
        // Build scripts, macros and their dependencies are in another folder.
        if message["reason"] == "compiler-artifact" && files.any(|f| Path::new(f).starts_with(&folder)) {
            built.insert(crate_name(&message)?);
        }
    }
    let ids = packages(document).filter_map(|package| {
        let id = package["SPDXID"].as_str()?.strip_prefix("SPDXRef-Package-crate-")?;
        // The version is in the ID too, but with a dash for a plus.
        let version = package["versionInfo"].as_str()?;
        (!id.is_empty()).then(|| (package["name"].as_str().unwrap_or_default(), version))
    });
    let listed: BTreeSet<_> = ids.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let tree = sbom::cargo_tree(package, triple)?.packages;
    ensure!(
        listed == built && tree == built,
        "the SBOM has {:?} and lacks {:?}; cargo tree has {:?} and lacks {:?}",
        listed.difference(&built),
        built.difference(&listed),
        tree.difference(&built),
        built.difference(&tree)
    );
    Ok(())
}

/// Name and version from a package ID such as `registry+URL#serde@1.0.0` or `path+URL/function#0.1.0`.
fn crate_name(message: &Value) -> Result<(String, String)> {
    let id = message["package_id"]
        .as_str()
        .context("an artefact has no package ID")?;
    let (place, name) = id.rsplit_once('#').context("a package ID has no name")?;
    let (name, version) = match name.split_once('@') {
        Some(both) => both,
        None => (place.rsplit('/').next().unwrap_or(place), name),
    };
    Ok((name.to_owned(), version.to_owned()))
}
