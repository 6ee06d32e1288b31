//! The book is checked: its chapters, the reasons of commands that no test runs, and whether figures and error messages
//! are those of the project.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

#[path = "documents/markdown.rs"]
mod markdown;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use markdown::Document;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

const CHAPTERS: &str = "docs/src";
const MAX_LINES: usize = 150;
const NOT_RUN: &str = "sh,not-run=";
/// Pages whose list items begin with messages of the project.
const MESSAGE_PAGES: [&str; 2] = ["command-errors.md", "function-errors.md"];
/// The page with a table of the function's errors.
const ERROR_TABLE: &str = "function-errors.md";
const ERROR_ENUMS: [&str; 2] = ["function/harness/src/error.rs", "function/harness/src/photo/refusal.rs"];
/// Variants that have no name of their own.
const UNNAMED_ERRORS: [&str; 2] = ["Photo", "DecoderOutOfMemory"];

/// Messages on these pages that are not the project's, each with its origin.
const FOREIGN_MESSAGES: [(&str, &str); 10] = [
    ("unresolved import `opencv::", "rustc"),
    ("Can't find clang binary", "the crate opencv"),
    ("undefined symbol: std::__1", "the linker"),
    ("signal: 9", "cargo"),
    ("Killed", "the shell"),
    ("signal: killed", "Lambda"),
    ("Runtime.InvalidEntrypoint", "Lambda"),
    ("Runtime.ExitError", "Lambda"),
    ("exec format error", "Lambda"),
    ("Task timed out after", "Lambda"),
];

/// Where the book's figures are from.
const FIGURE_SOURCES: [&str; 9] = [
    "README.md",
    "CONTRIBUTING.md",
    "opencv.toml",
    "function/README.md",
    "opencv-build/README.md",
    "xtask/bench/README.md",
    "xtask/size/README.md",
    "xtask/package/data/competitors.toml",
    "docs/decisions/042-function-size.md",
];
/// Figures that these sources write in another way: the figure, the file, and the text in it.
const OTHER_FIGURES: [(&str, &str, &str); 3] = [
    ("1769 MB", "xtask/bench/data/prices.toml", "vcpu_megabytes = 1769"),
    (
        "16 MB",
        "function/harness/src/machine.rs",
        "OTHER_EVENT_MEGABYTES: u64 = 16;",
    ),
    (
        "2048 MB",
        "function/harness/src/machine.rs",
        "MANAGED_MEMORY_PER_VCPU: u64 = 2048;",
    ),
];
const UNITS: [&str; 7] = ["MB", "kB", "GB", "ms", "USD", "times", "%"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn chapters() -> Vec<Document> {
    let entries = fs::read_dir(root().join(CHAPTERS)).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "SUMMARY.md")
        .collect();
    names.sort();
    assert!(names.len() > 5, "{names:?}");
    let read = |name: &String| Document::read(&root(), &format!("{CHAPTERS}/{name}"));
    names.iter().map(read).collect()
}

fn chapter(name: &str) -> Document {
    Document::read(&root(), &format!("{CHAPTERS}/{name}"))
}

#[test]
fn chapters_are_short_and_in_the_summary() {
    let summary = read(&format!("{CHAPTERS}/SUMMARY.md"));
    for chapter in chapters() {
        let lines = chapter.text.lines().count();
        assert!(
            lines <= MAX_LINES,
            "{}: {lines} lines, at most {MAX_LINES}",
            chapter.name
        );
        let (_, name) = chapter.name.rsplit_once('/').unwrap();
        assert!(summary.contains(&format!("]({name})")), "SUMMARY.md lacks {name}");
    }
}

#[test]
fn commands_that_are_not_run_have_a_reason() {
    let suite = read("xtask/e2e/src/native.rs");
    let mut run = 0;
    for chapter in chapters() {
        for block in chapter.blocks.iter().filter(|block| block.language.starts_with("sh")) {
            let Some(reason) = block.language.strip_prefix(NOT_RUN) else {
                assert_eq!(block.language, "sh", "{}: {}", chapter.name, block.text);
                run += 1;
                continue;
            };
            assert!(
                reason.split_whitespace().count() >= 2,
                "{}: the reason is `{reason}`",
                chapter.name
            );
            // A reason may name the tests that run the command in another way.
            for name in reason.split('"').skip(1).step_by(2) {
                assert!(
                    suite.contains(&format!("(\"{name}\",")),
                    "{}: no test `{name}`",
                    chapter.name
                );
            }
        }
    }
    assert!(run > 8, "only {run} blocks are run");
}

/// The code at the beginnings of list items, in bold.
fn messages(page: &Document) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_bold = false;
    for event in Parser::new_ext(&page.text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Strong) => is_bold = true,
            Event::End(TagEnd::Strong) => is_bold = false,
            Event::Code(code) if is_bold => found.push(code.to_string()),
            _ => {}
        }
    }
    found
}

/// All sources whose messages users see, each literal in one line.
fn messages_in_code() -> String {
    let mut files = Vec::new();
    for folder in ["function", "layer", "opencv-build", "xtask"] {
        add_sources(&root().join(folder), &mut files);
    }
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    let text = texts.collect::<Vec<_>>().join("\n").replace("\\\"", "\"");
    let parts: Vec<_> = text.split("\\\n").map(str::trim_start).collect();
    parts.concat()
}

fn add_sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
        if path.is_dir() && !is_test {
            add_sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            into.push(path);
        }
    }
}

#[test]
fn quoted_messages_are_in_the_code() {
    let code = messages_in_code();
    let mut foreign = BTreeSet::new();
    let mut count = 0;
    for page in MESSAGE_PAGES.map(chapter) {
        for message in messages(&page) {
            if let Some((known, _)) = FOREIGN_MESSAGES.iter().find(|(known, _)| *known == message) {
                foreign.insert(*known);
                continue;
            }
            count += 1;
            for part in message.split('…').map(str::trim).filter(|part| !part.is_empty()) {
                assert!(code.contains(part), "{}: no message has `{part}`", page.name);
            }
        }
    }
    assert!(count > 25, "only {count} messages");
    assert_eq!(foreign.len(), FOREIGN_MESSAGES.len(), "{foreign:?}");
}

/// The variants of an enum that is formatted by rustfmt.
fn variants(file: &str) -> BTreeSet<String> {
    let text = read(file);
    let (_, after) = text.split_once("pub enum ").unwrap();
    let (body, _) = after.split_once("\n}\n").unwrap();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    lines
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .map(|line| {
            line.split(|c: char| !c.is_ascii_alphanumeric())
                .next()
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[test]
fn the_table_of_errors_has_every_error() {
    let page = chapter(ERROR_TABLE);
    let rows = page.text.lines().filter_map(|line| line.strip_prefix("| `"));
    let listed: BTreeSet<_> = rows.map(|row| row.split('`').next().unwrap().to_owned()).collect();
    let mut known: BTreeSet<_> = ERROR_ENUMS.iter().flat_map(|file| variants(file)).collect();
    for unnamed in UNNAMED_ERRORS {
        assert!(known.remove(unnamed), "{unnamed}");
    }
    assert_eq!(listed, known);
}

/// Numbers with a unit, and parts such as `1/76`, in the text outside of code blocks.
fn figures(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let words: Vec<_> = text.split_whitespace().collect();
    let trimmed = |word: &str| {
        word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '%')
            .to_owned()
    };
    for (index, word) in words.iter().enumerate() {
        let word = trimmed(word);
        if let Some(divisor) = word.strip_prefix("1/") {
            if let Ok(number) = divisor.parse::<f64>() {
                found.push(format!("1/{number}"));
            }
            continue;
        }
        let unit = words.get(index + 1).map(|next| trimmed(next)).unwrap_or_default();
        if let (Ok(number), true) = (word.parse::<f64>(), UNITS.contains(&&*unit)) {
            found.push(format!("{number} {unit}"));
        }
    }
    found
}

#[test]
fn figures_are_recognized() {
    let text = "9.36 MB instead of **712 MB**: 1/76; 3.70 times (2.86 MB), 12 photos, 1.5 % and 1/x";
    let expected = ["9.36 MB", "712 MB", "1/76", "3.7 times", "2.86 MB", "1.5 %"];
    assert_eq!(figures(text), expected);
}

#[test]
fn figures_are_those_of_the_project() {
    let mut known: BTreeSet<_> = FIGURE_SOURCES.iter().flat_map(|file| figures(&read(file))).collect();
    for (figure, file, text) in OTHER_FIGURES {
        assert!(read(file).contains(text), "{file} lacks `{text}`");
        known.insert(figure.to_owned());
    }
    let mut count = 0;
    for chapter in chapters() {
        for figure in figures(&chapter.text) {
            count += 1;
            assert!(
                known.contains(&figure),
                "{}: `{figure}` is in no source of figures",
                chapter.name
            );
        }
    }
    assert!(count > 20, "only {count} figures");
}
