//! Size reports of the real artefacts: sizes add up to those of the files, and linked functions have a chain of
//! references.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use opencv_build::Architecture;
use support::progress::print_status;

use conformance::skip::Skip;
use package::build::{self, ArchitectureSelection, Build};
use size::comparison::static_libraries;
use size::part::Part;
use size::report::Report;
use size::{self, BuildOutput};

/// A function in every program that uses OpenCV's cascades.
const LINKED_FUNCTION: &str = "cv::haar::detectCandidates";
const SCHEMA: &str = include_str!("../../size/data/report.schema.json");

/// Checks the reports of every architecture that is built, and reports those that are not.
pub fn test() -> Result<()> {
    let mut tested = 0;
    for architecture in Architecture::ALL {
        let build = Build::read(&build::Arguments {
            arch: Some(ArchitectureSelection::One(architecture)),
            ..build::Arguments::default()
        })?;
        if !build.paths.sdk_dir(&build.recipe.target).is_dir() {
            print_status(&format!("{architecture} is not built; its sizes are not tested"));
            continue;
        }
        tested += 1;
        let built = BuildOutput::new(&build)?;
        let report = built.report()?;
        check_sums(&built, &report).with_context(|| format!("the report for {architecture}"))?;
        check_explanations(&built)?;
        check_schema(&built)?;
        check_relinked(&built)?;
    }
    if tested == 0 {
        return Err(Skip::with_reason("no architecture is built".to_owned()));
    }
    Ok(())
}

fn check_sums(built: &BuildOutput, report: &Report) -> Result<()> {
    let name = &built.function.package.name;
    let artefact = |name: &str| -> Result<&Part> {
        let found = report.artefacts.iter().find(|part| part.name == name);
        let part = found.with_context(|| format!("there is no `{name}`"))?;
        part.check_sums()?;
        Ok(part)
    };
    let same = |name: &str, bytes: u64, expected: u64| {
        ensure!(
            bytes == expected,
            "`{name}` has {expected} bytes, but the report has {bytes}"
        );
        Ok(())
    };
    let file = fs::metadata(built.function.path())?.len();
    let bootstrap = artefact("bootstrap")?;
    same("bootstrap", bootstrap.bytes, file)?;
    // Each kind of component must be found: without a matching rule, its bytes would be attributed to another one.
    for (group, component, most) in [
        ("OpenCV", "imgproc", file / 4),
        ("OpenCV", "objdetect", file / 4),
        ("C libraries", "libjpeg-turbo", file / 4),
        ("Rust crates", "rustls", file / 4),
        ("Rust crates", "std", file / 4),
        ("function", "cascades", file / 4),
        ("function", "YuNet", file / 4),
        ("C++ runtime", "libc++", file / 4),
        ("ELF", "padding", file / 50),
    ] {
        let part = bootstrap.get(group).and_then(|group| group.get(component));
        let bytes = part.map_or(0, |part| part.bytes);
        ensure!(
            bytes > 1000 && bytes < most,
            "`{group}/{component}` has {bytes} bytes of {file}"
        );
    }
    // Almost all bytes must have an owner.
    let group = |name: &str| bootstrap.get(name);
    let lost: u64 = [("ELF", "constants without an owner"), ("Rust crates", "without a name")]
        .iter()
        .filter_map(|(name, part)| group(name)?.get(part))
        .map(|part| part.bytes)
        .sum();
    ensure!(lost < file / 500, "{lost} bytes have no owner");

    let libraries = artefact("static libraries")?;
    let folder = built.sdk.path().join("lib");
    for library in &libraries.parts {
        let bytes = fs::metadata(folder.join(&library.name))?.len();
        same(&library.name, library.bytes, bytes)?;
    }
    let linked: u64 = ["OpenCV", "C libraries"]
        .iter()
        .filter_map(|name| group(name))
        .flat_map(|group| &group.parts)
        .filter(|part| part.name != "bindings")
        .map(|part| part.bytes)
        .sum();
    same(
        "the linked part of the libraries",
        libraries.linked_bytes.unwrap_or(0),
        linked,
    )?;

    let image = artefact(&format!("image {name}"))?;
    let compressed: u64 = image.parts.iter().filter_map(|layer| layer.compressed_bytes).sum();
    ensure!(
        image
            .compressed_bytes
            .is_some_and(|all| all > compressed && all < compressed + 10_000),
        "the layers have {compressed} bytes compressed, and the image {:?}",
        image.compressed_bytes
    );
    artefact("image opencv-sdk")?;
    let zip = artefact(&format!("zip {name}"))?;
    same("the zip archive's files", zip.bytes, file)
}

/// The document matches its published schema, and no artefact exceeds its budget.
fn check_schema(built: &BuildOutput) -> Result<()> {
    let document = size::document(&size::Arguments::default(), built)?;
    let schema = serde_json::from_str(SCHEMA).context("the schema of reports is not JSON")?;
    let validator = jsonschema::validator_for(&schema).context("the schema of reports is invalid")?;
    let document_json = serde_json::to_value(&document)?;
    if let Some(error) = validator.iter_errors(&document_json).next() {
        bail!(
            "the report does not match its schema at `{}`: {error}",
            error.instance_path()
        );
    }
    size::budget::check(&document)
}

/// Linked again with the SDK's own libraries, the function has the same parts in another order; without the library
/// that decodes JPEG, linking fails.
fn check_relinked(built: &BuildOutput) -> Result<()> {
    let libraries = static_libraries(&built.sdk);
    let again = built.relink("test", &libraries)?;
    let file = fs::metadata(built.function.path())?.len();
    ensure!(
        again.bytes.abs_diff(file) < file / 100,
        "linked again, the function has {} bytes instead of {file}",
        again.bytes
    );
    for library in &libraries {
        let name = link_name(library);
        let bytes = again.bytes_by_library.get(&name).copied().unwrap_or(0);
        ensure!(
            built.function.package.unlinked_libraries.contains(&name) == (bytes < 1000),
            "{bytes} bytes of `{name}` are linked"
        );
    }
    let without: Vec<_> = libraries
        .into_iter()
        .filter(|library| link_name(library) != "jpeg-turbo")
        .collect();
    let error = built.relink("test", &without).err();
    let error = error.context("the function links without the JPEG library")?;
    ensure!(
        format!("{error:#}").contains("jpeg_"),
        "the error does not contain the missing symbols: {error:#}"
    );
    Ok(())
}

fn link_name(library: &Path) -> String {
    let stem = library.file_stem().unwrap_or_default().to_string_lossy();
    stem.trim_start_matches("lib").to_owned()
}

/// A linked function has a chain of references, and an unknown one a clear error.
fn check_explanations(built: &BuildOutput) -> Result<()> {
    let explained = built.explain(LINKED_FUNCTION)?;
    let found = explained.matches.first().context("there are no matches")?;
    let names: Vec<_> = found.chain.iter().map(|link| link.name.as_str()).collect();
    ensure!(
        names.first() == Some(&"_start") && names.len() > 3,
        "the chain to {LINKED_FUNCTION} is {names:?}"
    );
    ensure!(
        found.retained_bytes >= found.chain.last().map_or(0, |link| link.bytes),
        "removing {LINKED_FUNCTION} would save less than its own size"
    );
    let error = built.explain("no_such_function").err();
    let error = error.context("a function that does not exist is explained")?;
    ensure!(
        error.to_string().contains("`no_such_function`"),
        "the error does not contain its name: {error}"
    );
    Ok(())
}
