//! Checks the name of a new package, which is also that of its program and of its image.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use package::function_package::SDK_NAME;

/// crates.io allows 64 characters.
const MAX_LENGTH: usize = 64;
/// Crates that a function depends on, and names that `cargo new` refuses because of Rust's own crates and of folders in
/// cargo's output. Source: `restricted_names.rs` of cargo.
const RESERVED: [&str; 13] = [
    "alloc",
    "build",
    "core",
    "deps",
    "examples",
    "function",
    "harness",
    "incremental",
    "opencv",
    "proc-macro",
    "serde",
    "std",
    "test",
];
/// Source: The Rust Reference, Keywords.
const KEYWORDS: [&str; 52] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "union",
];

/// `members` are the packages of the project.
pub fn check(name: &str, members: &[(String, PathBuf)]) -> Result<()> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    let separated = !["--", "__", "-_", "_-"].iter().any(|pair| name.contains(pair));
    let ends = !name.ends_with(['-', '_']);
    ensure!(
        starts && ends && separated && name.chars().all(allowed) && name.len() <= MAX_LENGTH,
        "`{name}` cannot be the name of a package and of an image; use at most {MAX_LENGTH} lower-case letters, digits, \
         and single `-` or `_` between them, a letter first"
    );
    let reserved = RESERVED.contains(&name.replace('_', "-").as_str()) || KEYWORDS.contains(&name) || name == SDK_NAME;
    ensure!(
        !reserved,
        "`{name}` has another meaning for cargo or this project; choose another name"
    );
    ensure!(
        members.iter().all(|(member, _)| member != name),
        "this project has a package `{name}` already; choose another name"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_must_suit_cargo_and_registries() {
        let members = [("layer".to_owned(), PathBuf::new())];
        for name in ["a", "scan", "blur-faces", "my_scan2"] {
            check(name, &members).unwrap();
        }
        let long = "a".repeat(65);
        for (name, expected) in [
            ("", "a letter first"),
            ("2scan", "a letter first"),
            ("Scan", "lower-case"),
            ("scan.1", "lower-case"),
            ("../scan", "lower-case"),
            ("scän", "lower-case"),
            ("a--b", "single"),
            ("a_-b", "single"),
            ("scan-", "single"),
            (&long, "at most 64"),
            ("test", "another meaning"),
            ("proc_macro", "another meaning"),
            ("match", "another meaning"),
            ("opencv", "another meaning"),
            ("opencv-sdk", "another meaning"),
            ("layer", "has a package `layer` already"),
        ] {
            let error = check(name, &members).unwrap_err().to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
    }
}
