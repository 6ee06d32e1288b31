//! An installed package, and how package managers are asked.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;
use support::environment::restricted;
use support::run::{Cmd, wait_with_output};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Package {
    /// `deb` or `rpm`.
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) version: String,
    /// As the distribution calls it.
    pub(super) architecture: String,
    /// The source package that it was built from, with its version.
    pub(super) source: Option<String>,
    pub(super) supplier: Option<String>,
    pub(super) homepage: Option<String>,
    /// As the package says it, which may be no SPDX expression.
    pub(super) licence: Option<String>,
    pub(super) licence_files: Vec<PathBuf>,
}

/// The names that a package manager may know a file by: where `/lib` is a link to `/usr/lib`, the
/// package still has the name that it had before.
pub(super) fn path_aliases(file: &Path) -> Vec<PathBuf> {
    let mut names = vec![file.to_owned()];
    names.extend(fs::canonicalize(file));
    for name in names.clone() {
        names.push(match name.strip_prefix("/usr") {
            Ok(below) => Path::new("/").join(below),
            Err(_) => Path::new("/usr").join(name.strip_prefix("/").unwrap_or(&name)),
        });
    }
    names.dedup();
    names
}

/// What a program answers, whether it found all that it was asked for or not. `None` where the
/// program is not installed.
pub(super) fn query(command: Cmd) -> Result<Option<String>> {
    match wait_with_output(restricted(command, &[])) {
        Ok(output) => Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned())),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == ErrorKind::NotFound)
}

pub(super) fn non_empty(field: &str) -> Option<String> {
    let field = field.trim();
    (!field.is_empty() && field != "(none)").then(|| field.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_aliases_include_usr_merged_paths() {
        let names = path_aliases(Path::new("/usr/lib/nowhere/libc.so.6"));
        assert!(
            names.contains(&"/lib/nowhere/libc.so.6".into()),
            "{names:?}"
        );
        let names = super::path_aliases(Path::new("/lib/nowhere/libc.so.6"));
        assert!(
            names.contains(&"/usr/lib/nowhere/libc.so.6".into()),
            "{names:?}"
        );
    }
}
