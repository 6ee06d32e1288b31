//! `cargo xtask size`: reports the size of every artefact and attributes each of its bytes; compares it with a previous
//! report and with competitors. The report is also written as an HTML page and as Markdown.
//!
#![doc = include_str!("../README.md")]

mod ablate;
mod architectures;
mod arguments;
mod artefacts;
mod attribution;
mod baseline;
mod binary;
mod bootstrap;
pub mod budget;
mod build_output;
mod byte_size;
pub mod comparison;
pub mod competitors;
mod demangle;
mod diff;
mod elf_sections;
mod explain;
pub mod format;
mod graph;
mod history;
mod libraries;
mod link;
mod link_map;
mod markdown;
mod merged_sections;
pub mod page;
pub mod part;
mod relink;
pub mod report;
mod report_store;
pub mod revision;
mod terminal;
#[cfg(test)]
mod tests;
mod unnamed_constants;
mod unwind_and_relocations;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde::Serialize;

pub use self::arguments::{Arguments, BaselineKind};
use self::budget::Budgets;
pub use self::build_output::BuildOutput;
use self::history::{History, HistoryFile};
use self::report::{Document, SCHEMA};
use self::terminal::DisplayOptions;
use package::build::{self, Build};
use support::atomic;
use support::output::{self, CommandOutput, OutputPerArchitecture, print};

/// The reports for several architectures, as text one table.
#[derive(Serialize)]
struct SizesOutput<'a>(&'a OutputPerArchitecture<SizeOutput>);

#[derive(Serialize)]
struct SizeOutput {
    #[serde(flatten)]
    document: Document,
    #[serde(skip)]
    display: DisplayOptions,
    #[serde(skip)]
    page: PathBuf,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    if let Some(name) = &arguments.explain {
        let build = Build::read(&arguments.build)?;
        return print(&BuildOutput::new(&build)?.explain(name)?, json);
    }
    let builds = Build::read_all(&arguments.build)?;
    ensure!(
        builds.len() == 1 || arguments.is_plain(),
        "with `--arch all` there is only the table of both architectures; give the other options with one architecture"
    );
    let mut folders = Vec::new();
    let outputs = build::for_each(&builds, |build| {
        let built = BuildOutput::new(build)?;
        folders.push(built.results_dir());
        write(arguments, &built)
    })?;
    match outputs.0.as_slice() {
        [_] => print(&outputs, json)?,
        _ => print(&SizesOutput(&outputs), json)?,
    }
    // A report over a budget is not saved, so that later reports list what grew since the last one within it.
    let saved = outputs.0.iter().zip(folders).map(|((_, output), folder)| {
        budget::check(&output.document)?;
        report_store::save(&folder, &output.document.report)
    });
    // The other architecture is checked and saved even if one is over its budget.
    let errors: Vec<_> = saved
        .filter_map(Result::err)
        .map(|error| format!("{error:#}"))
        .collect();
    ensure!(errors.is_empty(), "{}", errors.join("\n"));
    Ok(())
}

/// Writes the report of a build, and its history with `--record`.
fn write(arguments: &Arguments, built: &BuildOutput) -> Result<SizeOutput> {
    let document = document(arguments, built)?;
    let page = write_reports(&built.results_dir(), &document)?;
    if let Some(description) = &arguments.record {
        history::record(&HistoryFile::of(&built.build.package), description, &document.report)?;
    }
    Ok(SizeOutput {
        document,
        display: DisplayOptions { all: arguments.all },
        page,
    })
}

pub fn document(arguments: &Arguments, built: &BuildOutput) -> Result<Document> {
    let report = built.report()?;
    let history = HistoryFile::of(&built.build.package);
    let previous_report = match &arguments.against {
        Some(against) => Some(history::load_previous(&history, against, report.architecture)?),
        None => report_store::load_previous(&built.results_dir(), &report),
    };
    let (baseline, ablation) = built.compare_variants(arguments)?;
    Ok(Document {
        schema: SCHEMA,
        degraded: built.sdk.manifest().degraded.clone(),
        previous_report,
        competitors: competitors::compare_all(&report)?,
        budgets: Budgets::read(built.build)?.compare(&report)?,
        history: History::read(&history)?.milestones_for(report.architecture),
        baseline,
        ablation,
        report,
    })
}

/// Writes the report into `folder` as a page and as Markdown; returns the page's path.
fn write_reports(folder: &Path, document: &Document) -> Result<PathBuf> {
    let page = folder.join("report.html");
    atomic::write(&page, page::render(document)?.as_bytes())?;
    let comment = markdown::render(document);
    atomic::write(&folder.join("report.md"), comment.as_bytes())?;
    Ok(page)
}

impl CommandOutput for SizesOutput<'_> {
    fn to_text(&self) -> String {
        let outputs = self.0.0.iter().map(|(_, output)| output);
        let reports: Vec<_> = outputs.clone().map(|output| &output.document.report).collect();
        let pages = outputs.map(|output| output::display_path(&output.page));
        let pages: Vec<_> = pages.collect();
        format!(
            "{}\nThe parts of each are on pages: {}",
            architectures::table(&reports),
            pages.join(" and ")
        )
    }
}

impl CommandOutput for SizeOutput {
    fn to_text(&self) -> String {
        let text = terminal::render(&self.document, self.display);
        let page = output::display_path(&self.page);
        format!(
            "{}\n\nThe same as a page with a map and a search: {page}",
            text.trim_end()
        )
    }
}
