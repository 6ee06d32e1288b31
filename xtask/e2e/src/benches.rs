//! Runs the benchmarks, each with few measurements: they succeed, which they would not if the implementations found
//! different rectangles, and the files that they write are complete. Times are not checked.

use anyhow::{Context, Result, ensure};
use conformance::skip::Skip;
use fs_err as fs;
use opencv_build::{Architecture, Runner};
use serde_json::Value;

use bench::document::{Document, schema_errors};
use package::build::Build;
use support::output::CommandOutput;

/// The benchmarks of a quick run.
const BENCHES: [&str; 6] = ["detect", "cold", "warm", "memory", "cost", "image"];

pub fn test(build: &Build) -> Result<()> {
    let documents = bench::run_quick(build.clone())?;
    let names: Vec<_> = documents.0.iter().map(|document| document.bench.as_str()).collect();
    ensure!(names == BENCHES, "the benchmarks are {names:?}, expected {BENCHES:?}");
    for document in &documents.0 {
        check(document, build).with_context(|| format!("the files of the benchmark `{}`", document.bench))?;
    }
    Ok(())
}

/// Counts of instructions depend neither on the machine nor on its load. Without the vector code of one architecture,
/// its photos would need several times as many.
pub fn instructions(build: &Build) -> Result<()> {
    let architectures = Architecture::host().map(|host| [host, host.other()]);
    for architecture in architectures.into_iter().flatten() {
        if Runner::emulator_with_plugins(architecture).is_none() {
            return Err(Skip::with_reason(format!(
                "qemu-{architecture}, which loads plugins, is missing"
            )));
        }
    }
    let document = bench::run_quick_instructions(build.clone())?;
    check(&document, build)?;
    let cases = document.figures.groups.iter().flat_map(|group| &group.cases);
    for case in cases {
        let ratios: Vec<_> = case.values.iter().filter_map(|value| value.ratio).collect();
        ensure!(
            matches!(ratios.as_slice(), [ratio] if (0.5..=2.0).contains(ratio)),
            "the ratios of instructions of `{}` are {ratios:?}, expected one from 0.5 to 2",
            case.name
        );
    }
    Ok(())
}

fn check(document: &Document, build: &Build) -> Result<()> {
    let folder = document.folder(&build.package);
    let read = |extension: &str| {
        let path = folder.join(format!("{}.{extension}", document.bench));
        fs::read_to_string(path)
    };
    let kept: Value = serde_json::from_str(&read("json")?)?;
    ensure!(
        kept == serde_json::to_value(document)?,
        "the JSON file differs from the command's output"
    );
    let schema_errors = schema_errors(&kept)?;
    ensure!(
        schema_errors.is_empty(),
        "the JSON file does not match its schema: {schema_errors:?}"
    );
    let text = read("svg")?;
    let plot = roxmltree::Document::parse(&text).context("the plot is not XML")?;
    ensure!(plot.root_element().has_tag_name("svg"), "the plot is not SVG");
    let texts = plot.descendants().filter_map(|node| node.text());
    let texts: Vec<_> = texts.map(str::trim).collect();
    let command_output = document.to_text();
    for group in &document.figures.groups {
        for name in group.cases.iter().map(|case| &case.name).chain([&group.title]) {
            ensure!(texts.contains(&name.as_str()), "the plot does not contain `{name}`");
            ensure!(
                command_output.contains(name.as_str()),
                "the table does not contain `{name}`"
            );
        }
        for value in group.cases.iter().flat_map(|case| &case.values) {
            ensure!(
                value.value > 0.0,
                "{} has a value of 0 in `{}`",
                value.implementation,
                group.title
            );
        }
    }
    Ok(())
}
