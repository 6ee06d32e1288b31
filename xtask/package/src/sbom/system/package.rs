//! An installed package, and how package managers are asked.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use support::run::show;

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    pub(super) home: Option<String>,
    /// As the package says it, which may be no SPDX expression.
    pub(super) licence: Option<String>,
    pub(super) texts: Vec<PathBuf>,
}

/// The names that a package manager may know a file by: where `/lib` is a link to `/usr/lib`, the
/// package still has the name that it had before.
pub(super) fn names(file: &Path) -> Vec<PathBuf> {
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
pub(super) fn answer(command: &mut Command) -> Result<Option<String>> {
    match command.output() {
        Ok(output) => Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("failed to start `{}`", show(command))),
    }
}

/// A field that is there and says something.
pub(super) fn filled(field: &str) -> Option<String> {
    let field = field.trim();
    (!field.is_empty() && field != "(none)").then(|| field.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_asked_for_by_all_of_its_names() {
        let names = names(Path::new("/usr/lib/nowhere/libc.so.6"));
        assert!(
            names.contains(&"/lib/nowhere/libc.so.6".into()),
            "{names:?}"
        );
        let names = super::names(Path::new("/lib/nowhere/libc.so.6"));
        assert!(
            names.contains(&"/usr/lib/nowhere/libc.so.6".into()),
            "{names:?}"
        );
    }
}
