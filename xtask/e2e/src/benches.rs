//! The benches, each with few measurements: they end without an error, which they would not if the sides found
//! different rectangles, and what they keep is whole. No time is looked at.

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde_json::Value;

use bench::document::{Document, schema_errors};
use package::build::Build;
use support::output::CommandOutput;

/// Those that do not take long.
const BENCHES: [&str; 6] = ["detect", "cold", "warm", "memory", "cost", "image"];

/// Runs them and reads what they kept.
pub fn test(build: &Build) -> Result<()> {
    let documents = bench::run_quick(build.clone())?;
    let names: Vec<_> = documents
        .0
        .iter()
        .map(|document| document.bench.as_str())
        .collect();
    ensure!(
        names == BENCHES,
        "the benches were {names:?}, and not {BENCHES:?}"
    );
    for document in &documents.0 {
        check(document, build)
            .with_context(|| format!("what `{}` keeps is not whole", document.bench))?;
    }
    Ok(())
}

fn check(document: &Document, build: &Build) -> Result<()> {
    let folder = document.folder(&build.workspace);
    let read = |extension: &str| {
        let path = folder.join(format!("{}.{extension}", document.bench));
        fs::read_to_string(path)
    };
    let kept: Value = serde_json::from_str(&read("json")?)?;
    ensure!(
        kept == serde_json::to_value(document)?,
        "the file has something else than the answer"
    );
    let schema_errors = schema_errors(&kept)?;
    ensure!(
        schema_errors.is_empty(),
        "its JSON is not of its schema: {schema_errors:?}"
    );
    let text = read("svg")?;
    let plot = roxmltree::Document::parse(&text).context("its plot is no XML")?;
    ensure!(
        plot.root_element().has_tag_name("svg"),
        "its plot is no SVG"
    );
    let texts = plot.descendants().filter_map(|node| node.text());
    let texts: Vec<_> = texts.map(str::trim).collect();
    let command_output = document.to_text();
    for group in &document.figures.groups {
        for name in group
            .cases
            .iter()
            .map(|case| &case.name)
            .chain([&group.title])
        {
            ensure!(
                texts.contains(&name.as_str()),
                "its plot does not say `{name}`"
            );
            ensure!(
                command_output.contains(name.as_str()),
                "its table does not say `{name}`"
            );
        }
        for value in group.cases.iter().flat_map(|case| &case.values) {
            ensure!(
                value.value > 0.0,
                "{} took nothing in `{}`",
                value.implementation,
                group.title
            );
        }
    }
    Ok(())
}
