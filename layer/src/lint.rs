//! Checks an artefact against Lambda's rules before it is pushed. Finds all violations at once, each with its rule and
//! remedy.

mod config;
mod finding;
mod image;
mod layers;
mod program;
mod rule;
mod sarif;
#[cfg(test)]
mod tests;
mod whiteouts;
mod zip;
mod zip_files;
mod zip_program;

use std::io::Read;
use std::path::Path;

use fs_err::File;

pub use self::finding::{Finding, LintOptions, Severity, ZipKind};
pub use self::image::lint_source;
pub use self::rule::{Rule, RuleDescription};
pub use self::sarif::sarif;
pub use self::zip::lint_zip;
use crate::{Error, Result, open_image};

/// Checks the layout folder, the image archive or the zip archive at `path`.
///
/// # Errors
/// `path` does not exist, is none of these, or has several images and `options` names none; the error lists them.
pub fn lint(path: &Path, options: &LintOptions) -> Result<Vec<Finding>> {
    let image = options.image.as_deref();
    if path.is_file() && is_zip(path)? {
        return match image {
            None => lint_zip(path, options),
            Some(image) => Err(Error::Other(format!(
                "`{}` is a zip archive, so it has no image `{image}`",
                path.display()
            ))),
        };
    }
    lint_source(open_image(path, image)?.as_ref(), options)
}

/// Zip archives begin with a file's header, or with the end record if they are empty.
fn is_zip(path: &Path) -> Result<bool> {
    let mut magic = Vec::new();
    let file = File::open(path)?;
    file.take(4).read_to_end(&mut magic)?;
    Ok(magic == b"PK\x03\x04" || magic == b"PK\x05\x06")
}
