//! Bills of materials of the real SDK and the real function: valid to the reference validator, the
//! same when they are made again, and with exactly the crates that cargo links.

mod crates;
mod validator;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use layer::Content;
use layer::elf::FunctionBinary;
use opencv_build::sdk::Sdk;
use serde_json::Value;

use crate::sbom::{self, Bill, Form, Subject};
use crate::workspace::Workspace;
use validator::Validator;

/// What the licences may weigh in the function's image, in bytes.
const LICENCES: usize = 300_000;

/// What must be in the function's bill, and what is only needed to build it.
const IN: [&str; 10] = [
    "function",
    "opencv",
    "libjpeg-turbo",
    "libpng",
    "libwebp",
    "zlib",
    "libc++",
    "haarcascades",
    "object_store",
    "Rust's standard library",
];
const OUT: [&str; 6] = [
    "bindgen",
    "cc",
    "clang",
    "opencv-binding-generator",
    "syn",
    "xtask",
];

/// Everything about bills of materials that needs the real artefacts.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    let validator = Validator::install(workspace)?;
    // So that crates are asked for, and remembered the second time.
    let remembered = workspace.target().join("sbom");
    if remembered.exists() {
        fs::remove_dir_all(&remembered)
            .with_context(|| format!("failed to remove `{}`", remembered.display()))?;
    }
    let libraries = shared_libraries(binary)?;
    let make = || -> Result<(Bill, Vec<u8>)> {
        let bill = sbom::of_function(workspace, sdk, binary, &libraries)?;
        let document = function_document(&bill, binary, &libraries)?;
        Ok((bill, document))
    };
    let (bill, document) = make()?;
    let (_, again) = make()?;
    ensure!(
        document == again,
        "the function's bill differs when it is made again"
    );
    validator.accept("function", &document)?;
    validator.accept("zip", &zip_document(&bill, binary)?)?;
    validator.accept("function on a base", &based_document(&bill, binary)?)?;
    let parsed: Value = serde_json::from_slice(&document)?;
    check_names(&parsed, sdk, &libraries)?;
    crates::check(&parsed, workspace, sdk)?;
    check_licences(&bill)?;
    refuse_damaged(&validator, &parsed)?;

    let bill = sbom::of_sdk(sdk)?;
    let document = sdk_document(&bill, sdk)?;
    let again = sdk_document(&sbom::of_sdk(sdk)?, sdk)?;
    ensure!(
        document == again,
        "the SDK's bill differs when it is made again"
    );
    validator.accept("sdk", &document)?;
    let parsed: Value = serde_json::from_slice(&document)?;
    let names = names(&parsed);
    ensure!(
        names.contains("zlib") && names.contains("SoftFloat") && !names.contains("libc++"),
        "the SDK's bill has {names:?}"
    );
    Ok(())
}

/// A document for an image that has the function, its libraries and all licences.
fn function_document(
    bill: &Bill,
    binary: &FunctionBinary,
    libraries: &[PathBuf],
) -> Result<Vec<u8>> {
    let mut files = bill.licences();
    let program = Content::File(binary.path().to_owned());
    files.push(("var/task/bootstrap".to_owned(), program));
    for library in libraries {
        let path = library.display().to_string();
        let path = path.trim_start_matches('/').to_owned();
        files.push((path, Content::File(library.clone())));
    }
    sbom::document(bill, &files, &subject("face-detect", Form::Image), 0)
}

/// A document for an archive that has the function alone.
fn zip_document(bill: &Bill, binary: &FunctionBinary) -> Result<Vec<u8>> {
    let program = Content::File(binary.path().to_owned());
    let files = [("bootstrap".to_owned(), program)];
    sbom::document(bill, &files, &subject("face-detect", Form::Archive), 0)
}

/// A document for an image whose libraries are another image's.
fn based_document(bill: &Bill, binary: &FunctionBinary) -> Result<Vec<u8>> {
    let mut bill = bill.clone();
    let digest = format!("sha256:{}", "1".repeat(64));
    bill.build_upon("public.example.com/lambda/provided:al2023", &digest)?;
    function_document(&bill, binary, &[])
}

fn sdk_document(bill: &Bill, sdk: &Sdk) -> Result<Vec<u8>> {
    let names = sdk.manifest().files.keys();
    let files: Vec<_> = names
        .map(|name| {
            let path = format!("opt/opencv/{name}");
            (path, Content::File(sdk.path().join(name)))
        })
        .collect();
    sbom::document(bill, &files, &subject("opencv-sdk", Form::Image), 0)
}

fn subject(name: &str, form: Form) -> Subject {
    Subject {
        name: name.to_owned(),
        version: "0.1.0".to_owned(),
        // What it is does not matter here.
        digest: format!("sha256:{}", "0".repeat(64)),
        file_name: format!("{name}.tar"),
        form,
    }
}

/// The files that the loader takes when the function starts on this machine.
fn shared_libraries(binary: &FunctionBinary) -> Result<Vec<PathBuf>> {
    let elf = binary.elf();
    let multiarch = format!("{}-linux-gnu", elf.architecture);
    let folders = [
        format!("/lib/{multiarch}"),
        format!("/usr/lib/{multiarch}"),
        "/lib64".to_owned(),
        "/usr/lib64".to_owned(),
    ];
    let mut found: Vec<_> = elf.interpreter.iter().map(PathBuf::from).collect();
    for name in &elf.needed {
        let paths = folders.iter().map(|folder| Path::new(folder).join(name));
        found.extend(paths.filter(|path| path.is_file()).take(1));
    }
    ensure!(
        found.len() > 1,
        "this machine has no glibc for the function"
    );
    Ok(found)
}

fn packages(document: &Value) -> impl Iterator<Item = &Value> {
    document["packages"].as_array().into_iter().flatten()
}

fn names(document: &Value) -> BTreeSet<&str> {
    packages(document)
        .filter_map(|p| p["name"].as_str())
        .collect()
}

/// What is known to be in the function is in the document, with its version; what only builds it
/// is not.
fn check_names(document: &Value, sdk: &Sdk, libraries: &[PathBuf]) -> Result<()> {
    let names = names(document);
    for name in IN {
        ensure!(names.contains(name), "the function's bill lacks {name}");
    }
    for name in OUT {
        ensure!(
            !names.contains(name),
            "the function's bill has {name}, which is not linked"
        );
    }
    let opencv = packages(document).find(|p| p["name"] == "opencv" && !p["supplier"].is_null());
    let version = opencv.context("the bill lacks OpenCV")?["versionInfo"].as_str();
    ensure!(
        version == Some(sdk.manifest().version.as_str()),
        "the bill has OpenCV {version:?}"
    );
    let expanded = document["relationships"].as_array();
    let expanded = expanded.into_iter().flatten();
    let expanded = expanded.filter(|r| r["relationshipType"] == "EXPANDED_FROM_ARCHIVE");
    let owned = expanded.count();
    // A machine can have neither of the package managers.
    let asked = Command::new("dpkg-query").arg("--version").output();
    if asked.is_ok_and(|output| output.status.success()) {
        ensure!(names.contains("libc6"), "the bill lacks the package libc6");
        ensure!(
            owned == libraries.len(),
            "of {} libraries only {owned} have a package",
            libraries.len()
        );
    }
    Ok(())
}

/// Every licence is there and together they are small.
fn check_licences(bill: &Bill) -> Result<()> {
    let files = bill.licences();
    let mut bytes = 0;
    for (path, content) in &files {
        let Content::Bytes { bytes: text, .. } = content else {
            continue;
        };
        ensure!(!text.is_empty(), "`{path}` is empty");
        bytes += text.len();
    }
    ensure!(bytes < LICENCES, "the licences have {bytes} bytes");
    for name in [
        "opencv/LICENSE",
        "libjpeg-turbo/README.ijg",
        "libwebp/COPYING",
        "rust-crates.txt",
    ] {
        let path = format!("usr/share/licenses/{name}");
        ensure!(
            files.iter().any(|(there, _)| *there == path),
            "`{path}` is missing"
        );
    }
    let silent: Vec<_> = bill
        .components
        .iter()
        .filter(|component| component.texts.is_empty())
        .map(|component| component.label())
        .collect();
    ensure!(
        silent.is_empty(),
        "no licence text for {}",
        silent.join(", ")
    );
    opencv_build::progress::tell(&format!("licences: {} files, {bytes} bytes", files.len()));
    Ok(())
}

/// Something that makes a document invalid.
type Damage = fn(&mut Value);

/// What the validator must refuse: it would say nothing of a good document if it refused nothing.
fn refuse_damaged(validator: &Validator, document: &Value) -> Result<()> {
    let damages: [(&str, Damage); 4] = [
        ("data licence", |d| d["dataLicense"] = "MIT".into()),
        ("declared licence", |d| {
            d["packages"][1]["licenseDeclared"] = "MIT AND".into()
        }),
        ("relationship", |d| {
            d["relationships"][0]["relatedSpdxElement"] = "SPDXRef-nobody".into();
        }),
        ("file's digest", |d| {
            d["files"][0]["checksums"][0]["checksumValue"] = "12".into()
        }),
    ];
    for (what, damage) in damages {
        let mut damaged = document.clone();
        damage(&mut damaged);
        ensure!(damaged != *document, "the {what} was not damaged");
        validator
            .refuse(&serde_json::to_vec(&damaged)?)
            .with_context(|| format!("a document with a damaged {what} was accepted"))?;
    }
    Ok(())
}
