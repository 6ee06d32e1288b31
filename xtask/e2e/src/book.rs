//! The book: its pages are built without warnings, every link in them leads somewhere, and every command in it runs, in
//! the order of the chapters, unless its block has a reason.

mod commands;
mod pages;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use package::program::sibling_binary;
use serde_json::Value;
use support::progress::print_status;
use support::run::{Shell, cmd, output, wait_with_output};

pub use commands::test as commands;

/// Builds the pages and follows their links.
pub fn pages() -> Result<()> {
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let folder = scratch.path().join("book");
    let (sh, program) = (Shell::new()?, sibling_binary("book")?);
    let built = output(cmd!(sh, "{program} --to {folder} --json"))?;
    let built: Value = serde_json::from_str(&built).with_context(|| format!("`book` printed no JSON: {built}"))?;
    let index = built["index"].as_str().map(Path::new);
    ensure!(index == Some(&folder.join("index.html")), "the first page is {index:?}");
    let (pages, links) = pages::check_links(&folder)?;
    let chapters = built["chapters"].as_u64().unwrap_or_default();
    // A page for each chapter, and the index, which is the first one again.
    ensure!(
        pages as u64 > chapters && chapters > 20,
        "{pages} pages for {chapters} chapters"
    );
    print_status(&format!("{pages} pages, {links} links"));

    // A book is replaced, anything else is not.
    output(cmd!(sh, "{program} --to {folder}"))?;
    let other = scratch.path();
    let refused = wait_with_output(cmd!(sh, "{program} --to {other}"))?;
    let message = String::from_utf8_lossy(&refused.stderr);
    ensure!(
        !refused.status.success() && message.contains("is not a book") && folder.is_dir(),
        "another folder was not refused: {message}"
    );
    Ok(())
}
