//! Tests of the public API of `opencv-build`: it is small, and no public signature uses `anyhow`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use syn::visit::{Visit, visit_path};
use syn::{Fields, File, ImplItem, Item, PathArguments, UseTree, Visibility};

use super::{root, sources};

const PUBLIC_MODULES: [&str; 1] = ["internals"];
/// The exports of `internals`, which only this project's programs use.
const MAX_INTERNALS: usize = 15;

fn read(file: &PathBuf) -> File {
    let text = fs::read_to_string(file).unwrap();
    syn::parse_file(&text).unwrap()
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The names of imported items, or with `local` those that the import gives them.
fn names(tree: &UseTree, local: bool, into: &mut BTreeSet<String>) {
    match tree {
        UseTree::Path(path) => names(&path.tree, local, into),
        UseTree::Group(group) => {
            for tree in &group.items {
                names(tree, local, into);
            }
        }
        UseTree::Name(name) => {
            into.insert(name.ident.to_string());
        }
        UseTree::Rename(rename) => {
            let name = if local { &rename.rename } else { &rename.ident };
            into.insert(name.to_string());
        }
        UseTree::Glob(_) => panic!("a glob import hides its names"),
    }
}

/// The items that a file re-exports from other modules, by their original names.
fn exported(file: &File) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for item in &file.items {
        if let Item::Use(item) = item
            && is_public(&item.vis)
        {
            names(&item.tree, false, &mut all);
        }
    }
    all
}

/// Finds uses of `anyhow` in public signatures.
struct AnyhowFinder {
    /// The names that the file imports from it.
    imported: BTreeSet<String>,
    found: bool,
}

impl<'a> Visit<'a> for AnyhowFinder {
    fn visit_path(&mut self, path: &'a syn::Path) {
        let (first, last) = (path.segments.first(), path.segments.last());
        let first = first.map(|segment| segment.ident.to_string());
        // `Result` with an error type is equivalent to that of std, even if imported from anyhow.
        let typed = last.is_some_and(|last| match &last.arguments {
            PathArguments::AngleBracketed(types) => last.ident == "Result" && types.args.len() == 2,
            _ => false,
        });
        if let Some(first) = first {
            self.found |= first == "anyhow" || self.imported.contains(&first) && !typed;
        }
        visit_path(self, path);
    }
}

impl AnyhowFinder {
    fn new(file: &File) -> Self {
        let mut imported = BTreeSet::new();
        for item in &file.items {
            if let Item::Use(item) = item
                && let UseTree::Path(path) = &item.tree
                && path.ident == "anyhow"
            {
                names(&path.tree, true, &mut imported);
            }
        }
        Self { imported, found: false }
    }

    /// Visits the public signatures of an item; returns whether it is one of `exported` or an impl of one.
    fn check_item(&mut self, item: &Item, exported: &BTreeSet<String>) -> bool {
        let is_exported = |name: &syn::Ident| exported.contains(&name.to_string());
        match item {
            Item::Fn(item) if is_public(&item.vis) && is_exported(&item.sig.ident) => {
                self.visit_signature(&item.sig);
            }
            Item::Type(item) if is_public(&item.vis) && is_exported(&item.ident) => {
                self.visit_type(&item.ty);
            }
            Item::Struct(item) if is_public(&item.vis) && is_exported(&item.ident) => {
                self.check_fields(&item.fields, false);
            }
            Item::Enum(item) if is_public(&item.vis) && is_exported(&item.ident) => {
                for variant in &item.variants {
                    self.check_fields(&variant.fields, true);
                }
            }
            Item::Impl(item) => {
                let syn::Type::Path(of) = &*item.self_ty else {
                    return false;
                };
                if !of.path.get_ident().is_some_and(is_exported) {
                    return false;
                }
                if let Some((of, _)) = &item.trait_ {
                    self.visit_path(of);
                }
                for part in &item.items {
                    match part {
                        ImplItem::Fn(part) if item.trait_.is_some() || is_public(&part.vis) => {
                            self.visit_signature(&part.sig);
                        }
                        ImplItem::Type(part) => self.visit_type(&part.ty),
                        _ => {}
                    }
                }
            }
            _ => return false,
        }
        true
    }

    fn check_fields(&mut self, fields: &Fields, all: bool) {
        for field in fields.iter().filter(|field| all || is_public(&field.vis)) {
            self.visit_type(&field.ty);
        }
    }
}

#[test]
fn opencv_build_has_a_small_facade() {
    let folder = root().join("opencv-build/src");
    let face = read(&folder.join("lib.rs"));
    let modules = face.items.iter().filter_map(|item| match item {
        Item::Mod(item) if is_public(&item.vis) => Some(item.ident.to_string()),
        _ => None,
    });
    assert_eq!(modules.collect::<Vec<_>>(), PUBLIC_MODULES);
    let inside = exported(&read(&folder.join("internals.rs")));
    assert!(inside.len() <= MAX_INTERNALS, "{inside:?}");
}

#[test]
fn no_public_signature_of_opencv_build_uses_anyhow() {
    let folder = root().join("opencv-build/src");
    let mut all = exported(&read(&folder.join("lib.rs")));
    all.extend(exported(&read(&folder.join("internals.rs"))));
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let mut checked = 0;
    for path in files {
        let file = read(&path);
        let mut named = AnyhowFinder::new(&file);
        for item in &file.items {
            checked += usize::from(named.check_item(item, &all));
        }
        assert!(!named.found, "{} has anyhow in a public signature", path.display());
    }
    assert!(checked > all.len(), "{checked}");
}

#[test]
fn anyhow_in_signatures_is_detected() {
    let exported = BTreeSet::from(["A", "f"].map(str::to_owned));
    let names_anyhow = |text: &str| {
        let file = syn::parse_file(&format!("use anyhow::{{Result, Error as E}};\n{text}")).unwrap();
        let mut named = AnyhowFinder::new(&file);
        for item in &file.items {
            named.check_item(item, &exported);
        }
        named.found
    };
    for text in [
        "pub fn f() -> Result<u8> {}",
        "pub fn f() -> Result<u8, E> {}",
        "pub fn f(a: &[anyhow::Error]) {}",
        "pub struct A { pub a: Option<E> }",
        "pub enum A { A(E) }",
        "impl A { pub fn g() -> Result<u8> {} }",
        "impl FromStr for A { type Err = E; }",
        "impl From<E> for A {}",
    ] {
        assert!(names_anyhow(text), "{text}");
    }
    for text in [
        "pub fn f() -> Result<u8, Error> {}",
        "fn f() -> Result<u8> {}",
        "pub fn g() -> Result<u8> {}",
        "pub struct A { a: E }",
        "impl A { pub(crate) fn g() -> Result<u8> {} }",
        "impl B { pub fn g() -> Result<u8> {} }",
    ] {
        assert!(!names_anyhow(text), "{text}");
    }
}
