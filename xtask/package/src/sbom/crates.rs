//! The Rust crates that are linked into the function: which ones, from `cargo tree`, which resolves
//! features for this package and platform alone as the build does; what they are, from
//! `cargo metadata`, which joins the features of the whole workspace and so lists too many; their
//! digests, from `Cargo.lock`. Build scripts, macros and what only they need are not linked.

mod cache;
mod cargo_tree_output;

use std::collections::BTreeMap;
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use cargo_metadata::{Metadata, MetadataCommand, Package};
use fs_err as fs;
use opencv_build::Target;
use serde::Deserialize;

use super::component::{Component, ComponentKind, purl};
use super::licence::{self, LicenceText};
use super::licence_texts;
use crate::cargo::cargo;
use crate::workspace::Workspace;
pub use cache::LinkedCrates;
pub use cargo_tree_output::{CargoTree, PackageId};
use support::run::output;

const PACKAGE: &str = "function";
const FEATURE: &str = "opencv";

/// The release of rustc that compiled this program and compiles the function, whose standard library is
/// linked; `build.rs` asks it.
const RUSTC: &str = env!("RUSTC_RELEASE");

const TITLE: &str = "The licences of the Rust crates. Each text is here once, below the crates that it is \
                     for and their copyright notices.";

/// The crates of the function for `target`. Remembered below the target folder until something changes that they
/// depend on.
pub fn linked_crates(workspace: &Workspace, target: &Target) -> Result<LinkedCrates> {
    let triple = target.rust_triple();
    let cache_dir = workspace.target_dir().join("sbom");
    cache::get_or_compute(workspace.root(), &triple, RUSTC, &cache_dir, || {
        query_cargo(workspace, &triple)
    })
}

pub fn cargo_tree(workspace: &Workspace, triple: &str) -> Result<CargoTree> {
    let mut cargo = cargo(workspace, "tree")?;
    cargo
        .args(["--locked", "--package", PACKAGE])
        .args(["--features", FEATURE, "--target", triple])
        .args(["--edges", "normal,no-proc-macro"])
        .args(["--charset", "ascii", "--prefix", "depth"])
        // Without a mark a digit of the depth could belong to the name.
        .args(["--format", " {p}"]);
    CargoTree::parse(&output(&mut cargo)?)
}

fn query_cargo(workspace: &Workspace, triple: &str) -> Result<LinkedCrates> {
    let (tree, metadata) = thread::scope(|scope| {
        let tree = scope.spawn(|| cargo_tree(workspace, triple));
        let metadata = metadata(workspace, triple);
        let tree = tree
            .join()
            .map_err(|_| anyhow!("cargo's answer was lost"))?;
        anyhow::Ok((tree?, metadata?))
    })?;
    let lock = workspace.root().join("Cargo.lock");
    let checksums = checksums(&fs::read_to_string(&lock)?)
        .with_context(|| format!("failed to read `{}`", lock.display()))?;
    let program = Component {
        kind: ComponentKind::Program,
        ..component(&tree.root, &metadata, &checksums)?
    };
    let others = tree.packages.iter().filter(|name| **name != tree.root);
    let mut all = vec![program];
    for name in others {
        all.push(component(name, &metadata, &checksums)?);
    }
    all.push(standard_library(RUSTC)?);
    let licences = licence_texts::deduplicate(
        TITLE,
        all.iter().map(|c| (c.label(), c.licence_texts.as_slice())),
    );
    for component in &mut all {
        component.licence_texts.clear();
    }
    let uses = tree.edges.iter().map(|(from, to)| (id(from), id(to)));
    Ok(LinkedCrates {
        program: all.remove(0),
        dependencies: uses.collect(),
        crates: all,
        licences,
    })
}

fn metadata(workspace: &Workspace, triple: &str) -> Result<Metadata> {
    let mut cargo = cargo(workspace, "metadata")?;
    cargo
        .args(["--format-version", "1", "--locked"])
        .arg("--features")
        .arg(format!("{PACKAGE}/{FEATURE}"))
        .args(["--filter-platform", triple]);
    MetadataCommand::parse(output(&mut cargo)?)
        .context("failed to read what cargo says of the function's crates")
}

/// The SHA-256 of each crate in a lock file, in hexadecimal. Crates of the workspace have none.
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
    Component::new(
        ComponentKind::Crate,
        &format!("crate-{name}-{version}"),
        name,
    )
    .id
}

fn component(
    name: &PackageId,
    metadata: &Metadata,
    checksums: &BTreeMap<PackageId, String>,
) -> Result<Component> {
    let same = |package: &&Package| {
        package.name.as_str() == name.0 && package.version.to_string() == name.1
    };
    let mut found = metadata.packages.iter().filter(same);
    let package = found
        .next()
        .with_context(|| format!("cargo tells nothing of the crate {} {}", name.0, name.1))?;
    ensure!(
        found.next().is_none(),
        "there are two crates {} {} from different places; name one otherwise",
        name.0,
        name.1
    );
    let from_crates_io = package.source.as_ref().is_some_and(|s| s.is_crates_io());
    let web = |address: &&String| address.starts_with("http");
    let home = [&package.repository, &package.homepage];
    let licence = package
        .license
        .as_deref()
        .and_then(licence::normalize_expression);
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
        licence_texts: texts_of(package, licence.as_deref())?,
        licence,
        source_info: origin,
        ..Component::new(ComponentKind::Crate, &id(name), &name.0)
    })
}

fn texts_of(package: &Package, licence: Option<&str>) -> Result<Vec<LicenceText>> {
    let folder = package.manifest_path.parent();
    let folder = folder
        .context("a manifest lies in no folder")?
        .as_std_path();
    let mut texts = licence_texts::find_in_folder(folder)?;
    if let Some(file) = package.license_file() {
        let named = LicenceText::read(file.as_std_path())?;
        if !texts.contains(&named) {
            texts.push(named);
        }
    }
    if texts.is_empty() {
        texts = licence.map(licence::standard_texts).unwrap_or_default();
    }
    Ok(texts)
}

fn standard_library(release: &str) -> Result<Component> {
    let licence = "MIT OR Apache-2.0";
    Ok(Component {
        version: Some(release.to_owned()),
        supplier: Some("Organization: The Rust Project".to_owned()),
        homepage: Some("https://www.rust-lang.org/".to_owned()),
        licence: Some(licence.to_owned()),
        purl: Some(purl("generic", None, ("rust-std", release), &[])?),
        source_info: Some(
            "compiled, as it comes with rustc; the crates in it are in rustc's file \
             COPYRIGHT-library.html"
                .to_owned(),
        ),
        // Its licence files name nobody.
        licence_texts: licence::standard_texts(licence),
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
