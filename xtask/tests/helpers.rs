//! Tests that commands are run by xshell, and that files are accessed by fs-err, whose errors contain the path. Unit
//! tests are exempt.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{Visit, visit_item, visit_path};
use syn::{Item, UseTree};

use source::{is_for_tests, segments};

/// Files that may use `Command::new`, each with the reason why xshell does not suffice.
const COMMAND_EXCEPTIONS: [(&str, &str); 8] = [
    ("function/harness/src/reexec.rs", "must stay small, and calls exec"),
    (
        "layer/registry/src/credential_helper.rs",
        "passes secrets by pipes, and depends on no crate of ours but layer",
    ),
    ("opencv-build/src/python.rs", "takes its environment as an argument"),
    (
        "xtask/package/src/cargo/toolchain.rs",
        "takes its environment as an argument",
    ),
    ("xtask/support/src/cargo.rs", "is used with exec"),
    ("xtask/support/src/child.rs", "moves commands to another thread"),
    (
        "xtask/support/src/environment.rs",
        "restricts the environment of commands",
    ),
    (
        "xtask/e2e/src/consumers/fixture.rs",
        "returns commands to whose environment callers add",
    ),
];

/// Paths that may use the functions of `std::fs`: the function must stay small, and dependencies delay build scripts.
const STD_FS_EXCEPTIONS: [&str; 6] = [
    "function/",
    "opencv-build/build.rs",
    "xtask/code-digest/",
    "xtask/package/build.rs",
    "xtask/size/build.rs",
    "fuzz/",
];

/// Types of which fs-err has no version.
const STD_FS_TYPES: [&str; 5] = ["FileTimes", "FileType", "Metadata", "Permissions", "TryLockError"];

#[derive(Default)]
struct UsedApis {
    commands: bool,
    files: bool,
}

impl UsedApis {
    fn import(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: String| [before, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.import(&path.tree, &with(path.ident.to_string())),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, before)),
            UseTree::Name(name) => self.path(&with(name.ident.to_string())),
            UseTree::Rename(name) => self.path(&with(name.ident.to_string())),
            UseTree::Glob(_) => self.path(before),
        }
    }

    fn path(&mut self, path: &[String]) {
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        if let ["std", "fs", rest @ ..] = path.as_slice() {
            self.files |= !rest.first().is_some_and(|name| STD_FS_TYPES.contains(name));
        }
        if let ["Command", "new"] | ["process", "Command", "new"] | ["std", "process", "Command", "new"] =
            path.as_slice()
        {
            self.commands = true;
        }
    }
}

impl<'a> Visit<'a> for UsedApis {
    fn visit_item(&mut self, item: &'a Item) {
        match item {
            _ if is_for_tests(item) => {}
            Item::Use(item) => self.import(&item.tree, &[]),
            _ => visit_item(self, item),
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        self.path(&segments(path));
        visit_path(self, path);
    }
}

/// Every Rust file that is not a test, with its path relative to the root of the project.
fn sources(folder: &Path, root: &Path, into: &mut Vec<(String, PathBuf)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_dir() {
            if !["data", "target", "tests"].contains(&&*name) {
                sources(&path, root, into);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let shown = path.strip_prefix(root).unwrap().display().to_string();
            into.push((shown, path));
        }
    }
}

#[test]
fn commands_and_files_use_the_project_helpers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for name in ["function", "fuzz", "layer", "opencv-build", "xtask"] {
        sources(&root.join(name), &root, &mut files);
    }
    assert!(files.len() > 300, "{}", files.len());
    let (mut commands, mut others) = (BTreeSet::new(), Vec::new());
    for (name, path) in &files {
        let mut uses = UsedApis::default();
        uses.visit_file(&syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap());
        if uses.commands {
            commands.insert(name.as_str());
        }
        if uses.files && !STD_FS_EXCEPTIONS.iter().any(|allowed| name.starts_with(allowed)) {
            others.push(name);
        }
    }
    let listed: BTreeSet<_> = COMMAND_EXCEPTIONS.map(|(name, _)| name).into();
    assert_eq!(
        commands, listed,
        "use `support::run::cmd`, or add the file with the reason to COMMAND_EXCEPTIONS"
    );
    assert!(others.is_empty(), "use fs_err instead of std::fs in {others:?}");
}
