//! Bills of materials: from an artefact's parts to an SPDX 2.3 document that names each of them, with
//! version, licence and digest, and to the licence texts that go into the artefact.
//!
//! ```text
//! crates  (cargo)      ┐            ┌▶ document (beside the artefact)
//! native  (sdk.json)   ├▶ bill ─────┤
//! system  (dpkg, rpm)  ┘            └▶ licences (in the artefact)
//! ```
//!
//! A bill is made once; licences come from it before the artefact is written, the document after,
//! when the artefact's files and digest are known.

mod bill;
mod component;
mod crates;
mod document;
mod hashes;
mod licence;
mod native;
mod system;
mod texts;

use anyhow::Result;
use layer::elf::FunctionBinary;
use layer::{Content, FileTree};
use opencv_build::{Place, Sdk};

use crate::workspace::Workspace;
pub use bill::{ARTEFACT, Bill};
use component::Relation;
pub use component::{Component, Kind, purl};
pub use crates::tree;
pub use document::{Form, Subject, document};

/// The SDK's libraries of which nothing is linked into the function: it decodes PNG and WebP in Rust, and calls
/// libjpeg-turbo without OpenCV's module for image files. A test compares this with the link.
pub const NOT_LINKED: [&str; 4] = ["opencv_imgcodecs", "png", "webp", "zlib"];

/// Of an artefact that holds the function: its crates, OpenCV with everything that it is made of, what
/// the compiler links, and the packages of the build machine that own the files of `libraries`.
pub fn of_function(
    workspace: &Workspace,
    sdk: &Sdk,
    binary: &FunctionBinary,
    libraries: &FileTree,
) -> Result<Bill> {
    let linked = crates::linked(workspace, &sdk.manifest().target)?;
    let mut bill = Bill {
        crate_licences: linked.licences,
        ..Bill::default()
    };
    let program = linked.program.id.clone();
    bill.relate(ARTEFACT, Relation::Contains, &program);
    bill.relate_file(binary.path(), Relation::GeneratedFrom, &program);
    bill.components.push(linked.program);
    for part in linked.crates {
        bill.relate(&program, Relation::StaticLink, &part.id);
        bill.components.push(part);
    }
    for (user, used) in linked.uses {
        bill.relate(&user, Relation::DependsOn, &used);
    }
    let opencv = native::opencv(sdk)?;
    bill.relate(&program, Relation::StaticLink, &opencv.id);
    for (part, place) in native::third_party(sdk)? {
        match place {
            Place::Library(name) if NOT_LINKED.contains(&name.as_str()) => continue,
            Place::Library(_) => {
                bill.relate(&program, Relation::StaticLink, &part.id);
                bill.relate(&opencv.id, Relation::DependsOn, &part.id);
            }
            Place::Module(_) => bill.relate(&opencv.id, Relation::Contains, &part.id),
            Place::Folder(_) => bill.relate(&program, Relation::Contains, &part.id),
            Place::Runtime(_) => bill.relate(&program, Relation::StaticLink, &part.id),
        }
        bill.components.push(part);
    }
    bill.components.push(opencv);
    let libraries = libraries.files().filter_map(|(_, content)| match content {
        Content::File(path) => Some(path.clone()),
        Content::Bytes { .. } => None,
    });
    let owners = system::owners(&libraries.collect::<Vec<_>>())?;
    for package in owners.packages {
        bill.relate(ARTEFACT, Relation::Contains, &package.id);
        bill.relate(&program, Relation::DynamicLink, &package.id);
        bill.components.push(package);
    }
    for (file, package) in owners.by_file {
        bill.relate_file(&file, Relation::ExpandedFromArchive, &package);
    }
    Ok(bill)
}

/// Of an artefact that holds the SDK: OpenCV and everything that it is made of.
pub fn of_sdk(sdk: &Sdk) -> Result<Bill> {
    let mut bill = Bill::default();
    let opencv = native::opencv(sdk)?;
    bill.relate(ARTEFACT, Relation::Contains, &opencv.id);
    let lib = sdk.path().join("lib");
    for library in &sdk.manifest().libraries {
        let file = lib.join(&library.file);
        bill.relate_file(&file, Relation::GeneratedFrom, &opencv.id);
    }
    for (part, place) in native::third_party(sdk)? {
        match place {
            Place::Library(name) => {
                bill.relate(ARTEFACT, Relation::Contains, &part.id);
                bill.relate(&opencv.id, Relation::DependsOn, &part.id);
                let file = lib.join(format!("lib{name}.a"));
                bill.relate_file(&file, Relation::GeneratedFrom, &part.id);
            }
            Place::Module(_) => bill.relate(&opencv.id, Relation::Contains, &part.id),
            Place::Folder(_) => bill.relate(ARTEFACT, Relation::Contains, &part.id),
            // It comes with the compiler of whoever links against the SDK.
            Place::Runtime(_) => continue,
        }
        bill.components.push(part);
    }
    bill.components.push(opencv);
    Ok(bill)
}
