//! The manifests that decide which crates are linked into a program: those of the workspace, of packages at paths
//! outside of it, and of the workspaces of these, from which they inherit. Does not run cargo, which is slower.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use toml::{Table, Value};

const MANIFEST: &str = "Cargo.toml";

/// The texts of `manifests`, and of all that they refer to, by their paths.
pub(super) fn with_path_dependencies(
    manifests: impl IntoIterator<Item = PathBuf>,
) -> Result<BTreeMap<PathBuf, String>> {
    let mut texts = BTreeMap::new();
    let mut unread: Vec<PathBuf> = manifests.into_iter().collect();
    while let Some(manifest) = unread.pop() {
        // Different paths to one file would not end.
        let manifest = fs::canonicalize(manifest)?;
        if texts.contains_key(&manifest) {
            continue;
        }
        let (text, table) = read(&manifest)?;
        let folder = manifest.parent().unwrap_or(&manifest);
        add_paths(&table, folder, &mut unread);
        unread.extend(workspace_of(folder, &table)?);
        texts.insert(manifest, text);
    }
    Ok(texts)
}

fn read(manifest: &Path) -> Result<(String, Table)> {
    let text = fs::read_to_string(manifest)?;
    let table = text.parse();
    let table = table.with_context(|| format!("failed to read `{}`", manifest.display()))?;
    Ok((text, table))
}

/// Adds the manifests of the packages that `path` keys name in any table: dependencies of all kinds and platforms, those
/// of workspaces, and patches. The paths of targets, such as `[lib]`, have no manifest.
fn add_paths(table: &Table, folder: &Path, manifests: &mut Vec<PathBuf>) {
    if let Some(path) = table.get("path").and_then(Value::as_str) {
        let manifest = folder.join(path).join(MANIFEST);
        if manifest.is_file() {
            manifests.push(manifest);
        }
    }
    let tables = table.values().filter_map(Value::as_table);
    tables.for_each(|inner| add_paths(inner, folder, manifests));
}

/// The manifest of the workspace of the package in `folder`.
fn workspace_of(folder: &Path, manifest: &Table) -> Result<Option<PathBuf>> {
    let named = manifest
        .get("package")
        .and_then(|package| package.get("workspace")?.as_str());
    if let Some(named) = named {
        return Ok(Some(folder.join(named).join(MANIFEST)));
    }
    for ancestor in folder.ancestors() {
        let manifest = ancestor.join(MANIFEST);
        if manifest.is_file() && read(&manifest)?.1.contains_key("workspace") {
            return Ok(Some(manifest));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_at_paths_and_of_their_workspaces_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for (path, text) in [
            (
                "app",
                "[workspace]\n[dependencies.harness]\npath = '../project/harness'\n[lib]\npath = 'src/lib.rs'",
            ),
            ("project", "[workspace.dependencies]\nbelow = { path = 'below' }"),
            ("project/harness", "[dependencies]\nbelow.workspace = true"),
            (
                "project/below",
                "[target.'cfg(unix)'.dev-dependencies]\nback = { path = '../harness' }",
            ),
            ("project/other", ""),
        ] {
            fs::create_dir_all(root.join(path)).unwrap();
            fs::write(root.join(path).join(MANIFEST), text).unwrap();
        }
        let find = || with_path_dependencies([root.join("app").join(MANIFEST)]);
        let found = find().unwrap();
        let expected = ["app", "project", "project/below", "project/harness"];
        let expected = expected.map(|folder| root.join(folder).join(MANIFEST));
        assert!(found.keys().eq(&expected), "{found:?}");
        assert!(found[&expected[1]].starts_with("[workspace.dependencies]"));
        fs::write(&expected[2], "[").unwrap();
        let error = format!("{:#}", find().unwrap_err());
        assert!(error.contains("project/below/Cargo.toml"), "{error}");
    }
}
