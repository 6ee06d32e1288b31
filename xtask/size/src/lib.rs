//! `cargo xtask size`: how large everything is that is built, and of what: every byte of every artefact, what
//! it was before, and what others need for the same. The report is also written as a page and as Markdown.

#![expect(missing_docs, reason = "names that say all need no comment here")]

mod ablate;
mod arguments;
mod baseline;
mod bootstrap;
pub mod budget;
mod built;
mod bytes;
mod change;
mod explain;
pub mod figures;
mod graph;
mod history;
mod keep;
mod libraries;
mod link;
mod map;
mod markdown;
mod merged;
mod name;
mod packed;
pub mod page;
pub mod part;
pub mod peers;
mod place;
mod program;
mod relink;
pub mod report;
pub mod revision;
mod share;
mod shared;
mod tables;
#[cfg(test)]
mod tests;
mod text;
pub mod variant;

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

pub use self::arguments::{Against, Arguments};
use self::budget::Budgets;
pub use self::built::Built;
use self::history::History;
use self::report::{Document, SCHEMA};
use self::text::Shown;
use package::build::Build;
use support::answer::{self, Answer, print};
use support::atomic;

#[derive(Serialize)]
struct SizeAnswer {
    #[serde(flatten)]
    document: Document,
    #[serde(skip)]
    shown: Shown,
    #[serde(skip)]
    page: PathBuf,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let build = Build::read(&arguments.build)?;
    let built = Built::new(&build)?;
    if let Some(name) = &arguments.explain {
        return print(&built.explain(name)?, json);
    }
    let document = document(arguments, &built)?;
    let folder = built.results();
    let page = write(&folder, &document)?;
    if let Some(what) = &arguments.record {
        history::record(build.workspace.root(), what, &document.report)?;
    }
    let answer = SizeAnswer {
        document,
        shown: Shown { all: arguments.all },
        page,
    };
    print(&answer, json)?;
    // One that is over a budget is not kept: until it is mended, what grew is told since the one before.
    budget::check(&answer.document)?;
    keep::keep(&folder, &answer.document.report)
}

pub fn document(arguments: &Arguments, built: &Built) -> Result<Document> {
    let report = built.report()?;
    let root = built.build.workspace.root();
    let before = match &arguments.against {
        Some(against) => Some(history::against(root, against, report.architecture)?),
        None => keep::last(&built.results(), &report),
    };
    let (baseline, ablation) = built.variants(arguments)?;
    Ok(Document {
        schema: SCHEMA,
        lacks: built.sdk.manifest().lacks.clone(),
        before,
        peers: peers::peers(&report)?,
        budgets: Budgets::of(built.build)?.compare(&report)?,
        history: History::read(root)?.of(report.architecture),
        baseline,
        ablation,
        report,
    })
}

/// Writes the report into `folder` in each form, whole or not at all; the page's path.
fn write(folder: &Path, document: &Document) -> Result<PathBuf> {
    let page = folder.join("report.html");
    atomic::write(&page, page::render(document)?.as_bytes())?;
    let comment = markdown::markdown(document);
    atomic::write(&folder.join("report.md"), comment.as_bytes())?;
    Ok(page)
}

impl Answer for SizeAnswer {
    fn text(&self) -> String {
        let text = text::text(&self.document, self.shown);
        let page = answer::path(&self.page);
        format!(
            "{}\n\nThe same to look at and to search: {page}",
            text.trim_end()
        )
    }
}
