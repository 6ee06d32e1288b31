//! Checks an artefact against Lambda's rules before it is pushed. Finds all violations at once, each with its rule and
//! remedy.

mod compression;
mod config;
mod finding;
mod image;
mod index;
mod layers;
mod program;
mod readable;
mod rule;
mod sarif;
#[cfg(test)]
mod tests;
mod whiteouts;
mod zip;
mod zip_directory;
mod zip_files;
mod zip_layer;
mod zip_native;
mod zip_program;

use std::io::{Read, Seek, SeekFrom};
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
    if options.runtime.is_some() || options.zip_kind == ZipKind::Layer {
        let reason = format!(
            "`{}` is not a zip archive; a runtime and a kind are options for zip archives",
            path.display()
        );
        return Err(Error::Other(reason));
    }
    lint_source(open_image(path, image)?.as_ref(), options)
}

/// The size of a zip archive's end record without its comment, in bytes. Source: PKWARE, APPNOTE.TXT, 4.3.16.
const ZIP_END_SIZE: u64 = 22;

/// Zip archives begin with a file's header, or with the end record if they are empty. Something else may be before that,
/// such as a program that extracts them: then the end record shows what it is.
fn is_zip(path: &Path) -> Result<bool> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut start = Vec::new();
    file.by_ref().take(4).read_to_end(&mut start)?;
    if start == b"PK\x03\x04" || start == b"PK\x05\x06" {
        return Ok(true);
    }
    let is_named_zip = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(size.saturating_sub(ZIP_END_SIZE + u64::from(u16::MAX))))?;
    file.read_to_end(&mut end)?;
    let is_end = |at: usize| {
        let record = &end[at..];
        let comment = record.get(20..22).map(|size| u16::from_le_bytes([size[0], size[1]]));
        record.starts_with(b"PK\x05\x06") && comment.is_some_and(|size| record.len() == 22 + usize::from(size))
    };
    Ok(is_named_zip || (0..end.len()).rev().any(is_end))
}
