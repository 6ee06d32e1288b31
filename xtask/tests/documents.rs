//! The documents are checked: their size, links, anchors, code blocks, the files that they name, and the code map.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

#[path = "documents/markdown.rs"]
mod markdown;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use markdown::Document;

/// The most columns of a line. A table's row and a link's address cannot be wrapped, so they may be longer where
/// a document is not listed in `LINES`.
const COLUMNS: usize = 120;
/// The most lines of the documents that are read first. `docs/decisions` has records of a page each.
const LINES: [(&str, usize); 3] = [("README.md", 120), ("ARCHITECTURE.md", 150), ("docs/decisions/", 60)];
/// The languages of code blocks. `text` is for output and diagrams.
const LANGUAGES: [&str; 9] = ["sh", "text", "json", "toml", "rust", "cmake", "cpp", "python", "yaml"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of the repository, committed or about to be.
fn files() -> Vec<String> {
    let output = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .output()
        .unwrap();
    assert!(output.status.success(), "git ls-files failed");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter(|name| root().join(name).exists())
        .map(str::to_owned)
        .collect()
}

fn documents() -> Vec<Document> {
    let files = files();
    // Expected output is not written for readers here.
    let is_document = |name: &&String| name.ends_with(".md") && !name.contains("/testdata/");
    let names = files.iter().filter(is_document);
    let all: Vec<_> = names.map(|name| Document::read(&root(), name)).collect();
    assert!(all.len() > 10, "only {} documents", all.len());
    all
}

/// Fails with all that is wrong, not only the first.
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn documents_are_short_and_their_lines_are_not_long() {
    let mut wrong = Vec::new();
    for document in documents() {
        let limit = LINES.iter().find(|(name, _)| document.name.starts_with(name));
        let lines: Vec<_> = document.text.lines().collect();
        if let Some((_, most)) = limit
            && lines.len() > *most
        {
            wrong.push(format!("{}: {} lines, at most {most}", document.name, lines.len()));
        }
        for (number, line) in lines.iter().enumerate() {
            let columns = line.chars().count();
            let unwrappable = line.starts_with('|') || line.contains("](");
            if columns > COLUMNS && (limit.is_some() || !unwrappable) {
                wrong.push(format!("{}:{}: {columns} columns", document.name, number + 1));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn links_lead_to_files_and_headings() {
    let documents = documents();
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in &documents {
        let folder = root().join(&document.name).parent().unwrap().to_owned();
        for link in &document.links {
            count += 1;
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => root().join(&document.name),
                _ => folder.join(path),
            };
            let Ok(target) = target.canonicalize() else {
                wrong.push(format!("{}: no file `{path}`", document.name));
                continue;
            };
            if anchor.is_empty() {
                continue;
            }
            let same = |other: &&Document| root().join(&other.name).canonicalize().unwrap() == target;
            let known = documents
                .iter()
                .find(same)
                .is_some_and(|other| other.anchors.contains(anchor));
            if !known {
                wrong.push(format!("{}: no heading for `{link}`", document.name));
            }
        }
    }
    assert!(count > 40, "only {count} links");
    assert_none(&wrong);
}

#[test]
fn code_blocks_name_their_language_and_are_well_formed() {
    let mut wrong = Vec::new();
    for document in documents() {
        for block in &document.blocks {
            let mut words = block.language.split([',', ' ']);
            let language = words.next().unwrap_or_default();
            let error = match language {
                "json" => serde_json::from_str::<serde_json::Value>(&block.text)
                    .err()
                    .map(|error| error.to_string()),
                "toml" => block.text.parse::<toml::Table>().err().map(|error| error.to_string()),
                _ if LANGUAGES.contains(&language) => None,
                _ => Some(format!("unknown language `{language}`")),
            };
            if let Some(error) = error {
                let first: String = block.text.lines().next().unwrap_or_default().to_owned();
                wrong.push(format!("{}: code block `{first}`: {error}", document.name));
            }
        }
    }
    assert_none(&wrong);
}

/// Rust's code blocks are compiled where a document is a crate's documentation.
#[test]
fn documents_with_rust_are_documentation_of_a_crate() {
    for document in documents() {
        let rust = |block: &markdown::Block| block.language.split([',', ' ']).next() == Some("rust");
        if document.blocks.iter().any(rust) {
            let library = root().join(&document.name).with_file_name("src").join("lib.rs");
            let text = fs::read_to_string(&library).unwrap_or_default();
            assert!(
                text.contains("include_str!(\"../README.md\")"),
                "the Rust code in {} is never compiled",
                document.name
            );
        }
    }
}

#[test]
fn files_that_documents_name_exist() {
    let files = files();
    let folders: BTreeSet<_> = files
        .iter()
        .flat_map(|name| Path::new(name).ancestors().skip(1))
        .filter_map(Path::to_str)
        .collect();
    let tops: BTreeSet<_> = files.iter().filter_map(|name| name.split('/').next()).collect();
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in documents().iter().filter(|document| document.name != "CHANGELOG.md") {
        for code in &document.codes {
            // A path from the root: its first part is something that lies there.
            let Some((top, _)) = code.split_once('/') else {
                continue;
            };
            let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
            if !tops.contains(top) || !code.chars().all(plain) {
                continue;
            }
            count += 1;
            let name = code.trim_end_matches('/');
            if !files.iter().any(|file| file == name) && !folders.contains(name) {
                wrong.push(format!("{}: no file `{code}`", document.name));
            }
        }
    }
    assert!(count > 40, "only {count} names of files");
    assert_none(&wrong);
}

#[test]
fn the_code_map_has_every_crate() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let workspace: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    for member in workspace["workspace"]["members"].as_array().unwrap() {
        let member = member.as_str().unwrap();
        assert!(
            text.contains(&format!("`{member}`")),
            "ARCHITECTURE.md lacks `{member}`"
        );
    }
}
