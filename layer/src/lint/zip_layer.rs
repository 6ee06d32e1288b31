//! The rule about the folders of a layer below `/opt`. Source: AWS, "Packaging your layer content".

use std::collections::BTreeSet;

use super::finding::{Findings, abbreviate};
use super::rule::Rule;
use super::zip_files::{BOOTSTRAP, ZipFiles};
use crate::runtime::Runtime;

/// The folders in which runtimes and the loader look.
const LAYER_FOLDERS: [&str; 8] = [
    "bin",
    "dotnetcore",
    "extensions",
    "java",
    "lib",
    "nodejs",
    "python",
    "ruby",
];

pub(super) fn lint(files: &ZipFiles, runtime: &Runtime, findings: &mut Findings) {
    let names = &files.names;
    let root = |name: &String| name.split('/').next().unwrap_or_default().to_owned();
    let known = |name: &String| LAYER_FOLDERS.contains(&root(name).as_str()) || name == BOOTSTRAP;
    // With nothing in these folders and no program it is probably packed one folder too high or too low.
    if !names.is_empty() && !names.iter().any(known) {
        let mut roots: Vec<_> = names.iter().map(root).collect();
        roots.dedup();
        let suffix = format!(" at its root, and none of {}", LAYER_FOLDERS.join(", "));
        findings.warning(Rule::ZipLayerPaths, abbreviate(&roots) + &suffix);
    }
    let name = &runtime.name;
    let same_language = |other: &String| language(other) == language(name);
    let versions: BTreeSet<_> = names.iter().filter_map(|name| only_runtime(name)).collect();
    let versions: Vec<_> = versions.into_iter().filter(same_language).collect();
    if !versions.is_empty() && !versions.contains(name) {
        let found = format!("its packages are for {}, not for {name}", versions.join(", "));
        findings.warning(Rule::ZipLayerPaths, found);
    }
}

fn language(runtime: &str) -> &str {
    runtime.trim_end_matches(|c: char| !c.is_ascii_alphabetic() || c == 'x')
}

/// The only runtime that searches the folder of a file.
fn only_runtime(path: &str) -> Option<String> {
    let (folder, rest) = path.split_once('/')?;
    let below = |parent| rest.strip_prefix(parent)?.split('/').next();
    match folder {
        "nodejs" => {
            let version = below("node")?;
            let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| format!("nodejs{version}.x"))
        }
        "python" => below("lib/")
            .filter(|name| name.starts_with("python"))
            .map(str::to_owned),
        "ruby" => Some(format!("ruby{}", below("gems/")?.rsplit_once('.')?.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_one_version_name_its_runtime() {
        for (path, runtime) in [
            ("python/lib/python3.13/site-packages/a.py", Some("python3.13")),
            ("nodejs/node22/node_modules/a/index.js", Some("nodejs22.x")),
            ("ruby/gems/3.4.0/gems/a", Some("ruby3.4")),
            ("python/a.py", None),
            ("python/lib/a.py", None),
            ("nodejs/node_modules/a/index.js", None),
            ("ruby/lib/a.rb", None),
            ("lib/x.so", None),
        ] {
            assert_eq!(only_runtime(path).as_deref(), runtime, "{path}");
        }
        assert_eq!(language("nodejs22.x"), "nodejs");
        assert_eq!(language("python3.13"), "python");
        assert_eq!(language("provided.al2023"), "provided.al");
    }
}
