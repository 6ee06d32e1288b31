//! That what the project has one way for is not done in another: commands are xshell's, and files are opened through
//! fs-err, whose errors name them. Tests within modules do not count.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{Visit, visit_item, visit_path};
use syn::{Item, UseTree};

use source::{is_for_tests, segments};

/// Where `Command::new` may stand, and why xshell will not do there.
const COMMAND_EXCEPTIONS: [(&str, &str); 9] = [
    (
        "function/src/reexec.rs",
        "must stay small, and replaces itself",
    ),
    (
        "layer/registry/src/credential_helper.rs",
        "a secret goes through its pipes, and it knows no crate of ours but layer",
    ),
    (
        "opencv-build/src/python.rs",
        "sees an environment that is a value",
    ),
    ("xtask/package/build.rs", "is a build script"),
    (
        "xtask/package/src/cargo.rs",
        "sees an environment that is a value",
    ),
    ("xtask/support/src/cargo.rs", "is replaced by cargo"),
    (
        "xtask/support/src/child.rs",
        "goes to another thread and back",
    ),
    (
        "xtask/support/src/environment.rs",
        "makes commands that see little",
    ),
    (
        "xtask/e2e/src/consumers/fixture.rs",
        "makes commands whose environment callers add to",
    ),
];

/// What may use `std::fs` for more than its types: the function must stay small, and build scripts wait for the other.
const STD_FS_EXCEPTIONS: [&str; 6] = [
    "function/",
    "opencv-build/build.rs",
    "xtask/code-digest/",
    "xtask/package/build.rs",
    "xtask/size/build.rs",
    "fuzz/",
];

/// What fs-err has no own version of.
const STD_FS_TYPES: [&str; 5] = [
    "FileTimes",
    "FileType",
    "Metadata",
    "Permissions",
    "TryLockError",
];

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
            UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|tree| self.import(tree, before)),
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
        if let ["Command", "new"]
        | ["process", "Command", "new"]
        | ["std", "process", "Command", "new"] = path.as_slice()
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

/// Every Rust file of ours that is no test, with the path from the root of the project.
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
        if uses.files
            && !STD_FS_EXCEPTIONS
                .iter()
                .any(|allowed| name.starts_with(allowed))
        {
            others.push(name);
        }
    }
    let listed: BTreeSet<_> = COMMAND_EXCEPTIONS.map(|(name, _)| name).into();
    assert_eq!(
        commands, listed,
        "use `support::run::cmd`, or say in COMMAND_EXCEPTIONS why not"
    );
    assert!(
        others.is_empty(),
        "use fs_err instead of std::fs in {others:?}"
    );
}
