//! The Rust crates that are linked into a function. Their list is from `cargo tree`, which resolves features only for
//! this package and platform, as the build does; their descriptions are from `cargo metadata`, which unifies features
//! over the workspace and so lists too many crates; their digests are from `Cargo.lock`. Build scripts, procedural
//! macros and their dependencies are not linked.

mod cache;
mod cargo_tree_output;
mod manifests;

use std::collections::BTreeMap;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use cargo_metadata::{Metadata, MetadataCommand, Package, Source};
use fs_err as fs;
use opencv_build::Target;
use serde::Deserialize;

use super::component::{Component, ComponentKind, purl};
use super::license::{self, LicenseText};
use super::license_texts;
use crate::cargo::cargo;
use crate::function_package::FunctionPackage;
pub use cache::LinkedCrates;
pub use cargo_tree_output::{CargoTree, PackageId};
use support::run::output;

const TITLE: &str = "The licences of the Rust crates. Each text appears once, after the crates that it \
                     applies to and their copyright notices.";

/// The crates of a function for `target`, with the standard library of rustc's `release`, cached in the target folder.
pub fn linked_crates(package: &FunctionPackage, target: &Target, release: &str) -> Result<LinkedCrates> {
    let triple = target.rust_triple();
    let cache_dir = package.workspace.target_dir().join("sbom");
    cache::get_or_compute(package, triple, release, &cache_dir, || {
        query_cargo(package, triple, release)
    })
}

pub fn cargo_tree(package: &FunctionPackage, triple: &str) -> Result<CargoTree> {
    let mut cargo = cargo_for(package, "tree")?;
    cargo
        .args(["--locked", "--target", triple])
        .args(["--edges", "normal,no-proc-macro"])
        .args(["--charset", "ascii", "--prefix", "depth"])
        // The space separates the depth from the name.
        .args(["--format", " {p}"]);
    CargoTree::parse(&output(&mut cargo)?)
}

/// cargo for the package with the features that it is built with.
fn cargo_for(package: &FunctionPackage, subcommand: &str) -> Result<Command> {
    let mut cargo = cargo(&package.workspace, &package.manifest, subcommand)?;
    if !package.features.is_empty() {
        cargo.arg("--features").arg(package.features.join(","));
    }
    Ok(cargo)
}

fn query_cargo(package: &FunctionPackage, triple: &str, release: &str) -> Result<LinkedCrates> {
    let (tree, metadata) = thread::scope(|scope| {
        let tree = scope.spawn(|| cargo_tree(package, triple));
        let metadata = metadata(package, triple);
        let tree = tree
            .join()
            .map_err(|_| anyhow!("the thread that runs `cargo tree` panicked"))?;
        anyhow::Ok((tree?, metadata?))
    })?;
    let lock = package.workspace.root().join("Cargo.lock");
    let checksums =
        checksums(&fs::read_to_string(&lock)?).with_context(|| format!("failed to read `{}`", lock.display()))?;
    let program = Component {
        kind: ComponentKind::Program,
        ..component(&tree.root, &metadata, &checksums)?
    };
    let others = tree.packages.iter().filter(|name| **name != tree.root);
    let mut all = vec![program];
    for name in others {
        all.push(component(name, &metadata, &checksums)?);
    }
    all.push(standard_library(release)?);
    let licenses = license_texts::deduplicate(TITLE, all.iter().map(|c| (c.label(), c.license_texts.as_slice())));
    for component in &mut all {
        component.license_texts.clear();
    }
    let uses = tree.edges.iter().map(|(from, to)| (id(from), id(to)));
    Ok(LinkedCrates {
        program: all.remove(0),
        dependencies: uses.collect(),
        crates: all,
        licenses,
    })
}

fn metadata(package: &FunctionPackage, triple: &str) -> Result<Metadata> {
    let mut cargo = cargo_for(package, "metadata")?;
    cargo
        .args(["--format-version", "1", "--locked"])
        .args(["--filter-platform", triple]);
    MetadataCommand::parse(output(&mut cargo)?).context("failed to parse the output of `cargo metadata`")
}

/// The SHA-256 of each crate in a lock file, in hexadecimal. Workspace members have none.
fn checksums(lock: &str) -> Result<BTreeMap<PackageId, String>> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Locked>,
    }
    #[derive(Deserialize)]
    struct Locked {
        name: String,
        version: String,
        checksum: Option<String>,
    }
    let lock: Lock = toml::from_str(lock)?;
    let known = lock.package.into_iter().filter_map(|package| {
        let digest = package.checksum?;
        Some(((package.name, package.version), digest))
    });
    Ok(known.collect())
}

fn id((name, version): &PackageId) -> String {
    Component::new(ComponentKind::Crate, &format!("crate-{name}-{version}"), name).id
}

fn component(name: &PackageId, metadata: &Metadata, checksums: &BTreeMap<PackageId, String>) -> Result<Component> {
    let same = |package: &&Package| package.name.as_str() == name.0 && package.version.to_string() == name.1;
    let mut found = metadata.packages.iter().filter(same);
    let package = found
        .next()
        .with_context(|| format!("`cargo metadata` does not list the crate {} {}", name.0, name.1))?;
    ensure!(
        found.next().is_none(),
        "two crates {} {} have different sources; rename one",
        name.0,
        name.1
    );
    let from_crates_io = package.source.as_ref().is_some_and(Source::is_crates_io);
    let web = |address: &&String| address.starts_with("http");
    let home = [&package.repository, &package.homepage];
    let license = package.license.as_deref().and_then(license::normalize_expression);
    let origin = match (&package.source, from_crates_io) {
        (None, _) => Some("a package of this workspace".to_owned()),
        (Some(_), true) => None,
        (Some(source), false) => Some(format!("from {source}")),
    };
    let url = || purl("cargo", None, (&name.0, &name.1), &[]);
    Ok(Component {
        version: Some(name.1.clone()),
        homepage: home.into_iter().flatten().find(web).cloned(),
        sha256: checksums.get(name).cloned(),
        purl: from_crates_io.then(url).transpose()?,
        license_texts: texts_of(package, license.as_deref())?,
        license,
        source_info: origin,
        ..Component::new(ComponentKind::Crate, &id(name), &name.0)
    })
}

fn texts_of(package: &Package, license: Option<&str>) -> Result<Vec<LicenseText>> {
    let folder = package.manifest_path.parent();
    let folder = folder.context("a manifest's path has no parent folder")?.as_std_path();
    let mut texts = license_texts::find_in_folder(folder)?;
    if let Some(file) = package.license_file() {
        let named = LicenseText::read(file.as_std_path())?;
        if !texts.contains(&named) {
            texts.push(named);
        }
    }
    if texts.is_empty() {
        texts = license.map(license::standard_texts).unwrap_or_default();
    }
    Ok(texts)
}

fn standard_library(release: &str) -> Result<Component> {
    let license = "MIT OR Apache-2.0";
    Ok(Component {
        version: Some(release.to_owned()),
        supplier: Some("Organization: The Rust Project".to_owned()),
        homepage: Some("https://www.rust-lang.org/".to_owned()),
        license: Some(license.to_owned()),
        purl: Some(purl("generic", None, ("rust-std", release), &[])?),
        source_info: Some(
            "the compiled library of rustc; its crates are listed in rustc's file \
             COPYRIGHT-library.html"
                .to_owned(),
        ),
        // Its licence files contain no copyright holders, so the standard texts can be used.
        license_texts: license::standard_texts(license),
        ..Component::new(ComponentKind::Crate, "rust-std", "Rust's standard library")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_found_by_name_and_version() {
        let text = "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"aa\"\n\
                    [[package]]\nname = \"a\"\nversion = \"2.0.0\"\nchecksum = \"bb\"\n\
                    [[package]]\nname = \"own\"\nversion = \"0.1.0\"\n";
        let checksums = checksums(text).unwrap();
        let of = |name: &str, version: &str| checksums.get(&(name.to_owned(), version.to_owned()));
        assert_eq!(of("a", "1.0.0"), Some(&"aa".to_owned()));
        assert_eq!(of("a", "2.0.0"), Some(&"bb".to_owned()));
        assert_eq!(of("own", "0.1.0"), None);
        assert!(super::checksums("version = 4").is_err());
    }
}
