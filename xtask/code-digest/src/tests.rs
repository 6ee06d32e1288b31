use std::fs;

use super::*;

/// A crate `a` whose module `root` uses `used` and the crate `b`, but not `other`.
const FILES: &[(&str, &str)] = &[
    ("a/lib.rs", "//! A crate.\nmod other;\nmod root;\nmod used;\n"),
    (
        "a/root.rs",
        "use crate::{used::{Thing, deep as renamed}};\npub fn root(x: Thing) -> u8 {\n    b::part::run(x)?.y\n}\n",
    ),
    ("a/used.rs", "mod deep;\npub struct Thing;\n"),
    (
        "a/used/deep.rs",
        "const TEXT: &str = include_str!(\"../../data/text.txt\");\n\
         const TABLE: &str = include_str!(\"../../data/table.toml\");\n",
    ),
    (
        "a/other.rs",
        "pub struct Other;\nimpl Other { fn f() {} }\nfn g() -> impl Copy {}\n",
    ),
    ("b/lib.rs", "pub mod lone;\npub mod part;\n"),
    ("b/lone.rs", "pub const LONE: u8 = 1;\n"),
    ("b/part.rs", "pub fn run() -> &'static str { \"one \\\n    two\" }\n"),
    ("data/text.txt", "text\n"),
    (
        "data/table.toml",
        "[[group]]\nreason = \"because\"\nvalues = { b = 1, a = 2 }\n",
    ),
];

struct Crates(tempfile::TempDir);

impl Crates {
    fn new() -> Self {
        let crates = Self(tempfile::tempdir().unwrap());
        for (name, text) in FILES {
            crates.write(name, text);
        }
        crates
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn code(&self) -> Result<ModuleGraph> {
        let folder = |name| self.0.path().join(name);
        ModuleGraph::read(&[("a", &folder("a")), ("b", &folder("b"))])
    }

    fn digest(&self) -> String {
        self.code().unwrap().digest("a::root", &[]).unwrap()
    }

    /// Whether the digest changes when `from` in the file `name` is replaced by `to`.
    fn changes(name: &str, from: &str, to: &str) -> bool {
        let crates = Self::new();
        let before = crates.digest();
        let (_, text) = FILES.iter().find(|(file, _)| *file == name).unwrap();
        assert!(text.contains(from), "{name} has no {from:?}");
        crates.write(name, &text.replacen(from, to, 1));
        crates.digest() != before
    }
}

/// The names of a digest's inputs.
fn covered(code: &ModuleGraph, root: &str, without: &[&str]) -> Vec<String> {
    let parts = code.parts(root, without).unwrap();
    parts.into_keys().collect()
}

#[test]
fn digest_covers_reachable_modules_and_files() {
    let crates = Crates::new();
    let code = crates.code().unwrap();
    let found = covered(&code, "a::root", &[]);
    assert_eq!(
        found,
        [
            "a::root",
            "a::used",
            "a::used::deep",
            "a::used::deep: ../../data/table.toml",
            "a::used::deep: ../../data/text.txt",
            "b::part"
        ]
    );
    let found = covered(&code, "a::root", &["a::used", "a::used::deep", "b::part"]);
    assert_eq!(found, ["a::root"]);
    let found = covered(&code, "a::used", &["data/text.txt"]);
    assert_eq!(found.len(), 3);
}

#[test]
fn inert_tokens_do_not_change_the_digest() {
    for (from, to) in [
        ("pub fn", "// Why.\npub fn"),
        ("pub fn", "/* Why. */ /// What.\npub fn"),
        (
            "pub fn",
            "#[doc = \"What.\"]\n#[must_use]\n#[expect(unused, reason = \"none\")]\npub fn",
        ),
        ("use crate", "//! What.\nuse crate"),
        (
            "}\n",
            "}\n#[cfg(test)]\nmod tests { use super::*; fn f() { b::lone::run() } }\n",
        ),
        ("}\n", "}\n#[cfg(test)]\nmod tests;\n"),
        ("pub fn", "#[cfg(test)]\nuse b::{self, lone};\npub fn"),
        ("pub fn", "#[cfg(test)]\nconst A: A = A { a: b::lone::LONE };\npub fn"),
        (
            "pub fn",
            "#[derive(Debug)]\n#[cfg(test)]\npub(crate) struct A { a: u8 }\npub fn",
        ),
        ("pub fn", "#[cfg(test)]\nfn f() -> [u8; 2] { [0; 2] }\npub fn"),
        ("pub fn", "#[test]\nfn f() { }\npub fn"),
        ("?.y", "?\n        .y"),
        (" {\n", "\n{\n\n"),
    ] {
        assert!(!Crates::changes("a/root.rs", from, to), "{to:?}");
    }
    assert!(!Crates::changes("b/part.rs", "\\\n    two", "\\\n  two"));
}

#[test]
fn every_other_token_changes_the_digest() {
    for (from, to) in [
        ("root(", "root2("),
        ("u8", "u16"),
        ("?.y", ".y"),
        ("run(x)", "run(&x)"),
        ("pub fn", "#[inline]\npub fn"),
        ("pub fn", "#[cfg(unix)]\npub fn"),
        // The removal of a test item ends with that item.
        ("pub fn", "#[cfg(test)]\nuse b::{self};\nfn more() {}\npub fn"),
        ("pub fn", "#[cfg(test)]\nfn f() {}\nfn more() {}\npub fn"),
    ] {
        assert!(Crates::changes("a/root.rs", from, to), "{to:?}");
    }
    assert!(Crates::changes("b/part.rs", "\\\n    two", "\\n    two"));
    assert!(Crates::changes("a/used/deep.rs", "const", "static"));
}

#[test]
fn included_files_change_the_digest_except_toml_comments_and_reasons() {
    assert!(Crates::changes("data/text.txt", "text", "text "));
    let table = "data/table.toml";
    assert!(Crates::changes(table, "a = 2", "a = \"2\""));
    assert!(Crates::changes(table, "group", "groups"));
    assert!(!Crates::changes(table, "because", "otherwise"));
    assert!(Crates::changes(table, "reason", "why"));
    assert!(!Crates::changes(table, "b = 1, ", "\n  b=1, # Comment.\n"));
    assert!(!Crates::changes(table, "[[", "# Comment.\n[["));
}

#[test]
fn unreachable_code_does_not_change_the_digest() {
    assert!(!Crates::changes("a/other.rs", "fn f", "fn h"));
    assert!(!Crates::changes("b/lone.rs", "1", "2"));
}

#[test]
fn new_file_changes_the_digest_once_reachable() {
    let crates = Crates::new();
    let before = crates.digest();
    crates.write("a/used/new.rs", "const NEW: u8 = 1;\n");
    assert_eq!(crates.digest(), before);
    crates.write("a/used.rs", "mod deep;\nmod new;\npub struct Thing;\n");
    let with = crates.digest();
    assert_ne!(with, before);
    crates.write("a/used/new.rs", "const NEW: u8 = 2;\n");
    assert_ne!(crates.digest(), with);
}

#[test]
fn every_path_form_reaches_its_module() {
    for text in [
        "use super::other;",
        "use super::{other as o};",
        "use crate::{used::*, other::Other};",
        "fn f() { super::other::g() }",
        "fn f() { matches!(x, crate::other::Other) }",
        "use crate::*;",
        "use crate as a;",
        "use super::Unknown;",
        "use crate::{self};",
    ] {
        let crates = Crates::new();
        crates.write("a/root.rs", text);
        let found = covered(&crates.code().unwrap(), "a::root", &[]);
        assert!(found.contains(&"a::other".to_owned()), "{text}: {found:?}");
    }
}

#[test]
fn module_with_foreign_impls_is_always_reached() {
    for (text, counts) in [
        ("use crate::used::Thing;\nimpl Thing { fn f() {} }", true),
        ("impl std::fmt::Display for super::used::Thing {}", true),
        ("pub struct Other;\nimpl From<Other> for super::used::Thing {}", false),
        ("trait Own {}\n#[inline]\nimpl Own for super::used::Thing {}", false),
    ] {
        let crates = Crates::new();
        crates.write("a/other.rs", text);
        let found = covered(&crates.code().unwrap(), "a::root", &[]);
        assert_eq!(found.contains(&"a::other".to_owned()), counts, "{text}");
    }
}

#[test]
fn unsupported_code_is_an_error() {
    for (text, expected) in [
        ("mod inner { }", "`inner` has no file of its own"),
        ("#[path = \"x.rs\"]\nmod other;", "the attribute `path`"),
        ("mod gone;", "failed to read the module `a::root::gone`"),
        ("fn f( {", "as Rust"),
        (
            "const A: &str = include_str!(concat!(\"a\", \"b\"));",
            "not one plain string",
        ),
        ("const A: &str = include_str!(\"gone\");", "gone`"),
    ] {
        let crates = Crates::new();
        crates.write("a/root.rs", text);
        let error = crates.code().and_then(|code| code.digest("a::root", &[]));
        let error = format!("{:#}", error.unwrap_err());
        assert!(error.contains(expected), "{text}: {error}");
    }
    let crates = Crates::new();
    let code = crates.code().unwrap();
    assert!(code.digest("a::gone", &[]).is_err());
    for gone in ["a::gone", "data/gone.toml"] {
        let error = code.digest("a::root", &[gone]).unwrap_err().to_string();
        assert!(error.contains(gone), "{error}");
    }
}

#[test]
fn versions_are_read_from_the_nearest_lock_file() {
    let folder = tempfile::tempdir().unwrap();
    let lock =
        "version = 4\n[[package]]\nname = \"cc\"\nversion = \"1.0\"\n[[package]]\nname = \"a\"\nversion = \"2.0\"\n";
    fs::write(folder.path().join("Cargo.lock"), lock).unwrap();
    let below = folder.path().join("a/b");
    assert_eq!(locked_versions(&below, &["cc"]).unwrap(), "cc 1.0\n");
    assert!(
        locked_versions(&below, &["cmake"])
            .unwrap_err()
            .to_string()
            .contains("`cmake`")
    );
}
