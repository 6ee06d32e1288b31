//! SBOMs: from an artefact's components to an SPDX 2.3 document with the version, licence and digest of each, and to
//! the licence texts in the artefact.
//!
//! ```text
//! crates  (cargo)      ┐            ┌▶ document (next to the artefact)
//! native  (sdk.json)   ├▶ SBOM ─────┤
//! system  (dpkg, rpm)  ┘            └▶ licences (in the artefact)
//! ```
//!
//! An SBOM is created once per artefact. The licence texts are taken from it before the artefact is written, the
//! document is written afterwards, when the artefact's files and digest are known.

mod component;
mod contents;
mod crates;
mod document;
mod hashes;
mod license;
mod license_texts;
mod native;
mod system;

use anyhow::Result;
use layer::{Content, FileTree};
use opencv_build::{Sdk, ThirdPartyLocation};
use support::progress::print_status;

use crate::function::Function;
use component::RelationshipType;
pub use component::{Component, ComponentKind, purl};
pub use contents::{ARTEFACT_ID, Sbom};
pub use crates::cargo_tree;
pub use document::{ArtefactKind, Subject, document};
use system::FileOwners;

/// The SBOM of an artefact with the function: its crates, OpenCV with its third-party components, the compiler's
/// runtimes, and the packages that own the files in `libraries`.
pub fn function_sbom(sdk: &Sdk, function: &Function, libraries: &FileTree) -> Result<Sbom> {
    let package = &function.package;
    let linked = crates::linked_crates(package, &sdk.manifest().target, &function.libraries.rust_release)?;
    let mut sbom = Sbom {
        crate_license_text: linked.licenses,
        ..Sbom::default()
    };
    let program = linked.program.id.clone();
    sbom.add_relationship(ARTEFACT_ID, RelationshipType::Contains, &program);
    sbom.add_file_relationship(function.path(), RelationshipType::GeneratedFrom, &program);
    sbom.components.push(linked.program);
    for part in linked.crates {
        sbom.add_relationship(&program, RelationshipType::StaticLink, &part.id);
        sbom.components.push(part);
    }
    for (user, used) in linked.dependencies {
        sbom.add_relationship(&user, RelationshipType::DependsOn, &used);
    }
    let opencv = native::opencv_component(sdk)?;
    sbom.add_relationship(&program, RelationshipType::StaticLink, &opencv.id);
    for (part, location) in native::third_party_components(sdk)? {
        match location {
            ThirdPartyLocation::Library(name) if package.unlinked_libraries.contains(&name) => {
                continue;
            }
            ThirdPartyLocation::Library(_) => {
                sbom.add_relationship(&program, RelationshipType::StaticLink, &part.id);
                sbom.add_relationship(&opencv.id, RelationshipType::DependsOn, &part.id);
            }
            ThirdPartyLocation::Module(_) => {
                sbom.add_relationship(&opencv.id, RelationshipType::Contains, &part.id);
            }
            ThirdPartyLocation::Folder(_) => {
                sbom.add_relationship(&program, RelationshipType::Contains, &part.id);
            }
            ThirdPartyLocation::Runtime(_) => {
                sbom.add_relationship(&program, RelationshipType::StaticLink, &part.id);
            }
        }
        sbom.components.push(part);
    }
    sbom.components.push(opencv);
    let libraries = libraries.files().filter_map(|(_, content)| match content {
        Content::File(path) => Some(path.clone()),
        Content::Bytes { .. } => None,
    });
    let libraries: Vec<_> = libraries.collect();
    let owners = match libraries.as_slice() {
        [] => FileOwners::default(),
        libraries => {
            let root = function.libraries.sysroot.root()?;
            let owners = system::file_owners(libraries, &root)?;
            if let Some(unowned) = libraries.iter().find(|library| !owners.by_file.contains_key(*library)) {
                print_status(&format!(
                    "warning: no package manager's database in `{}` says to which package `{}` belongs, so that neither \
                     the SBOM nor `cargo xtask audit` can name it",
                    root.display(),
                    unowned.display()
                ));
            }
            owners
        }
    };
    for package in owners.packages {
        sbom.add_relationship(ARTEFACT_ID, RelationshipType::Contains, &package.id);
        sbom.add_relationship(&program, RelationshipType::DynamicLink, &package.id);
        sbom.components.push(package);
    }
    for (file, package) in owners.by_file {
        sbom.add_file_relationship(&file, RelationshipType::ExpandedFromArchive, &package);
    }
    Ok(sbom)
}

/// The SBOM of an artefact with the SDK: OpenCV and its third-party components.
pub fn sdk_sbom(sdk: &Sdk) -> Result<Sbom> {
    let mut sbom = Sbom::default();
    let opencv = native::opencv_component(sdk)?;
    sbom.add_relationship(ARTEFACT_ID, RelationshipType::Contains, &opencv.id);
    let lib = sdk.path().join("lib");
    for library in &sdk.manifest().libraries {
        let file = lib.join(&library.file);
        sbom.add_file_relationship(&file, RelationshipType::GeneratedFrom, &opencv.id);
    }
    for (part, location) in native::third_party_components(sdk)? {
        match location {
            ThirdPartyLocation::Library(name) => {
                sbom.add_relationship(ARTEFACT_ID, RelationshipType::Contains, &part.id);
                sbom.add_relationship(&opencv.id, RelationshipType::DependsOn, &part.id);
                let file = lib.join(format!("lib{name}.a"));
                sbom.add_file_relationship(&file, RelationshipType::GeneratedFrom, &part.id);
            }
            ThirdPartyLocation::Module(_) => {
                sbom.add_relationship(&opencv.id, RelationshipType::Contains, &part.id);
            }
            ThirdPartyLocation::Folder(_) => {
                sbom.add_relationship(ARTEFACT_ID, RelationshipType::Contains, &part.id);
            }
            // Part of the compiler that links against the SDK.
            ThirdPartyLocation::Runtime(_) => continue,
        }
        sbom.components.push(part);
    }
    sbom.components.push(opencv);
    Ok(sbom)
}
