//! An installed package, and queries to package managers.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use anyhow::Result;
use support::environment::restricted;
use support::run::{Cmd, wait_with_output};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Package {
    /// `deb` or `rpm`.
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) version: String,
    /// The architecture in the distribution's own naming: `amd64`, `x86_64`.
    pub(super) architecture: String,
    /// The source package with its version, in the package manager's format.
    pub(super) source: Option<String>,
    pub(super) supplier: Option<String>,
    pub(super) homepage: Option<String>,
    /// The license in the package's own words, possibly not an SPDX expression.
    pub(super) license: Option<String>,
    pub(super) license_files: Vec<PathBuf>,
}

/// A program's stdout, regardless of its exit status, which is not zero if one of several files has no package. `None`
/// if the program is not installed.
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
