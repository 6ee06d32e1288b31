//! `cargo xtask book`: builds the book in `docs/` as web pages, with the reference documents of the project as chapters.

mod commands;
mod links;
mod repository;
mod warnings;

use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use package::program::BOOK;
use package::workspace::Workspace;
use serde::Serialize;
use support::files::{copy, replace_dir, temporary_dir_in};
use support::output::{CommandOutput, display_path, print};

use repository::{LinkedFiles, RepositoryPreprocessor};
use warnings::Warnings;

#[derive(clap::Args, Clone, Debug)]
struct Arguments {
    /// The folder of the pages; by default `book` in the target folder
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
}

#[derive(Serialize)]
struct BookOutput {
    /// The first page.
    index: PathBuf,
    chapters: usize,
}

fn main() -> ExitCode {
    BOOK.main(run)
}

fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let workspace = Workspace::find();
    let folder = match &arguments.to {
        Some(folder) => std::path::absolute(folder)?,
        None => workspace.target_dir().join("book"),
    };
    let parent = folder.parent().context("the folder is the root; name a new folder")?;
    // Only what is a book already is replaced.
    ensure!(
        !folder.exists() || folder.join("toc.html").is_file(),
        "`{}` exists and is not a book; delete it or name a new folder",
        folder.display()
    );
    fs::create_dir_all(parent)?;
    let scratch = temporary_dir_in(parent, ".book-")?;
    let pages = scratch.path().join("pages");
    let chapters = build(&workspace, &pages)?;
    replace_dir(&folder, &pages, scratch.path())?;
    let output = BookOutput {
        index: folder.join("index.html"),
        chapters,
    };
    print(&output, json)
}

/// Writes the pages into a new folder, and returns the number of chapters.
///
/// # Errors
/// A chapter is missing, a link leads nowhere, or mdBook warns.
fn build(workspace: &Workspace, pages: &std::path::Path) -> Result<usize> {
    let warnings = Warnings::collect()?;
    let root = workspace.root().join("docs");
    // Not `MDBook::load`, which reads settings from the environment.
    let mut config = Config::from_disk(root.join("book.toml"))?;
    config.build.build_dir = pages.to_owned();
    let linked = Rc::new(LinkedFiles::default());
    let preprocessor = RepositoryPreprocessor::new(workspace.root(), &config, Rc::clone(&linked))?;
    let chapters = preprocessor.document_count();
    let mut book = MDBook::load_with_config(&root, config)?;
    let chapters = chapters + book.book.chapters().count();
    book.with_preprocessor(preprocessor);
    book.build()?;
    for file in linked.take() {
        copy(
            &workspace.root().join(&file),
            &pages.join(repository::FILES).join(&file),
        )?;
    }
    let found = warnings.take();
    ensure!(found.is_empty(), "mdBook warns:\n  {}", found.join("\n  "));
    Ok(chapters)
}

impl CommandOutput for BookOutput {
    fn to_text(&self) -> String {
        format!(
            "The book has {} chapters; it begins with {}.",
            self.chapters,
            display_path(&self.index)
        )
    }
}
