//! Compares folders byte for byte.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use fs_err as fs;
use support::files::all_files;

/// Fails if the folders differ in any file's name or content. Returns the number of files.
pub fn ensure_same(expected: &Path, found: &Path) -> Result<usize> {
    let (expected_files, found_files) = (files(expected)?, files(found)?);
    let names = |files: &BTreeMap<PathBuf, PathBuf>| files.keys().cloned().collect::<Vec<_>>();
    ensure!(
        names(&expected_files) == names(&found_files),
        "`{}` and `{}` have different files",
        expected.display(),
        found.display()
    );
    for (name, path) in &expected_files {
        let read = |path: &Path| -> Result<_> {
            let is_program = fs::metadata(path)?.permissions().mode() & 0o100 != 0;
            Ok((fs::read(path)?, is_program))
        };
        ensure!(
            read(path)? == read(&found_files[name])?,
            "`{}` differs in `{}`",
            name.display(),
            found.display()
        );
    }
    Ok(expected_files.len())
}

/// Every file in a folder, recursively, by its relative path.
fn files(root: &Path) -> Result<BTreeMap<PathBuf, PathBuf>> {
    let files = all_files(root)?.into_iter();
    files
        .map(|path| Ok((path.strip_prefix(root)?.to_owned(), path)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_contents_are_compared() {
        let parent = tempfile::tempdir().unwrap();
        let at = |name: &str| parent.path().join(name);
        for folder in ["a/b", "c/b"] {
            fs::create_dir_all(at(folder)).unwrap();
            fs::write(at(folder).join("file"), "one").unwrap();
        }
        assert_eq!(ensure_same(&at("a"), &at("c")).unwrap(), 1);
        fs::write(at("c/b/file"), "two").unwrap();
        assert!(ensure_same(&at("a"), &at("c")).is_err());
        fs::write(at("c/b/file"), "one").unwrap();
        fs::write(at("c/more"), "").unwrap();
        assert!(ensure_same(&at("a"), &at("c")).is_err());
    }
}
