//! Tests that the modules of each crate have no import cycles. Parses the modules, and resolves their imports through
//! re-exports to a graph. Unit tests are exempt.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{Visit, visit_item, visit_path};
use syn::{Item, UseTree};

use source::{is_for_tests, segments};

const CRATES: [&str; 18] = [
    "function",
    "function/harness",
    "fuzz",
    "layer",
    "layer/platform",
    "layer/registry",
    "opencv-build",
    "opencv-build/conformance",
    "xtask",
    "xtask/audit",
    "xtask/bench",
    "xtask/code-digest",
    "xtask/deploy",
    "xtask/e2e",
    "xtask/local",
    "xtask/package",
    "xtask/registry",
    "xtask/size",
];

/// The path in the crate; that of the crate's root is empty.
type ModulePath = Vec<String>;

#[derive(Default)]
struct Module {
    children: BTreeSet<String>,
    /// The paths of imported names.
    names: BTreeMap<String, Vec<String>>,
    /// All paths in the module, including those of imports.
    paths: Vec<Vec<String>>,
}

impl Module {
    fn read(path: &Path) -> Self {
        let file = syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap();
        let mut module = Self::default();
        module.visit_file(&file);
        module
    }

    fn import(&mut self, tree: &UseTree, mut before: Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.import(&path.tree, before);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, before.clone());
                }
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                let bound = match name.as_str() {
                    "self" => before.last().cloned().unwrap_or_default(),
                    _ => {
                        before.push(name.clone());
                        name
                    }
                };
                self.names.insert(bound, before.clone());
                self.paths.push(before);
            }
            UseTree::Rename(rename) => {
                before.push(rename.ident.to_string());
                self.names.insert(rename.rename.to_string(), before.clone());
                self.paths.push(before);
            }
            UseTree::Glob(_) => self.paths.push(before),
        }
    }
}

impl<'a> Visit<'a> for Module {
    fn visit_item(&mut self, item: &'a Item) {
        if is_for_tests(item) {
            return;
        }
        match item {
            Item::Mod(item) if item.content.is_none() => {
                self.children.insert(item.ident.to_string());
            }
            Item::Use(item) => self.import(&item.tree, Vec::new()),
            _ => visit_item(self, item),
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let segments = segments(path);
        if segments.len() > 1 {
            self.paths.push(segments);
        }
        visit_path(self, path);
    }
}

struct Crate(BTreeMap<ModulePath, Module>);

impl Crate {
    fn read(folder: &Path) -> Self {
        let mut crate_ = Self(BTreeMap::new());
        let sources = folder.join("src");
        let root = ["lib.rs", "main.rs"].map(|name| sources.join(name));
        let root = root.iter().find(|path| path.is_file()).unwrap();
        crate_.add(root, &sources, Vec::new());
        crate_
    }

    fn add(&mut self, file: &Path, folder: &Path, place: ModulePath) {
        let module = Module::read(file);
        for child in &module.children {
            let folder = folder.join(child);
            let files = [folder.with_extension("rs"), folder.join("mod.rs")];
            let Some(file) = files.iter().find(|path| path.is_file()) else {
                continue;
            };
            let place = [place.as_slice(), std::slice::from_ref(child)].concat();
            self.add(file, &folder, place);
        }
        self.0.insert(place, module);
    }

    /// Resolves a path in the module `from` to a module; none if it is another crate's.
    fn resolve(&self, from: &ModulePath, path: &[String], depth: usize) -> Option<ModulePath> {
        let (first, mut rest) = path.split_first()?;
        let mut place = match first.as_str() {
            "crate" => Vec::new(),
            "self" => from.clone(),
            "super" => {
                let mut place = from.clone();
                place.pop();
                while let Some(("super", after)) = rest.split_first().map(|(first, after)| (first.as_str(), after)) {
                    place.pop();
                    rest = after;
                }
                place
            }
            name => {
                let module = &self.0[from];
                if module.children.contains(name) {
                    [from.as_slice(), &[name.to_owned()]].concat()
                } else {
                    let target = module.names.get(name).filter(|_| depth < 9)?;
                    // A name that resolves to itself is another crate.
                    let itself = target.first() == Some(first);
                    let target = [target.as_slice(), rest].concat();
                    return (!itself).then(|| self.resolve(from, &target, depth + 1))?;
                }
            }
        };
        while let Some((next, after)) = rest.split_first() {
            let module = self.0.get(&place)?;
            if module.children.contains(next) {
                place.push(next.clone());
                rest = after;
            } else if let Some(target) = module.names.get(next).filter(|_| depth < 9) {
                let target = [target.as_slice(), after].concat();
                return self.resolve(&place, &target, depth + 1);
            } else {
                break;
            }
        }
        self.0.contains_key(&place).then_some(place)
    }

    fn edges(&self) -> BTreeMap<ModulePath, BTreeSet<ModulePath>> {
        let edges = self.0.iter().map(|(place, module)| {
            let targets = module.paths.iter().filter_map(|path| self.resolve(place, path, 0));
            (place.clone(), targets.filter(|target| target != place).collect())
        });
        edges.collect()
    }
}

/// The modules that a module imports, directly or indirectly.
fn reachable(edges: &BTreeMap<ModulePath, BTreeSet<ModulePath>>, from: &ModulePath) -> BTreeSet<ModulePath> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<_> = edges[from].iter().collect();
    while let Some(place) = next.pop() {
        if seen.insert(place.clone()) {
            next.extend(&edges[place]);
        }
    }
    seen
}

fn display_path(place: &ModulePath) -> String {
    if place.is_empty() {
        "(root)".to_owned()
    } else {
        place.join("::")
    }
}

#[test]
fn modules_have_no_import_cycles() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut cycles = Vec::new();
    for name in CRATES {
        let crate_ = Crate::read(&root.join(name));
        assert!(crate_.0.len() > 1, "{name} has no modules");
        let edges = crate_.edges();
        for (from, targets) in &edges {
            for to in targets.iter().filter(|to| reachable(&edges, to).contains(from)) {
                cycles.push(format!("{name}: {} imports {}", display_path(from), display_path(to)));
            }
        }
    }
    assert!(cycles.is_empty(), "import cycles:\n{}", cycles.join("\n"));
}
