//! Checks an artefact against Lambda's rules before it is pushed. Finds all violations at once, each with its rule and
//! remedy.

mod finding;
mod image;
mod layers;
mod program;
mod rule;
#[cfg(test)]
mod tests;
mod zip;

use std::io::Read;
use std::path::Path;

use fs_err::File;

pub use self::finding::{Finding, LintOptions, Severity};
pub use self::image::lint_source;
pub use self::rule::Rule;
pub use self::zip::lint_zip;
use crate::{Result, open};

/// Checks the layout folder, the image archive or the zip archive at `path`.
///
/// # Errors
/// `path` does not exist, or is none of these.
pub fn lint(path: &Path, options: &LintOptions) -> Result<Vec<Finding>> {
    if path.is_file() && is_zip(path)? {
        return lint_zip(path, options);
    }
    lint_source(open(path)?.as_ref(), options)
}

/// Zip archives begin with a file's header, or with the end record if they are empty.
fn is_zip(path: &Path) -> Result<bool> {
    let mut magic = Vec::new();
    let file = File::open(path)?;
    file.take(4).read_to_end(&mut magic)?;
    Ok(magic == b"PK\x03\x04" || magic == b"PK\x05\x06")
}
