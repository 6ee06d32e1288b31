//! The rules about zip archives, of functions and of layers.

use std::path::Path;

use fs_err::File;
use zip::ZipArchive;

use super::finding::{Finding, Findings, LintOptions, ZipKind};
use super::rule::Rule;
use super::zip_files::{BOOTSTRAP, ZipFiles};
use super::zip_program;
use crate::Result;
use crate::lambda::LAMBDA;
use crate::runtime::{DEFAULT_RUNTIME, Runtime};

/// Limits the memory for the central directory.
const MAX_FILES: usize = 1_000_000;

/// The folders of a layer in which runtimes and the loader look. Source: AWS, "Packaging your layer content", and for
/// `extensions` "Lambda Extensions API".
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

/// Checks the zip archive at `path`.
///
/// # Errors
/// The file cannot be read, or the options name an unknown runtime. Defects of the archive are findings.
pub fn lint_zip(path: &Path, options: &LintOptions) -> Result<Vec<Finding>> {
    let runtime = Runtime::find(options.runtime.as_deref().unwrap_or(DEFAULT_RUNTIME))?;
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut findings = Findings::default();
    let limit = LAMBDA.zip_upload_bytes;
    if bytes > limit {
        let found = format!("it has {bytes} bytes; at most {limit} can be uploaded directly");
        findings.warning(Rule::ZipSize, found);
    }
    let opened = match ZipArchive::new(file) {
        Ok(archive) if archive.len() <= MAX_FILES => Ok(archive),
        Ok(archive) => Err(format!("it lists {} files", archive.len())),
        Err(error) => Err(error.to_string()),
    };
    let mut archive = match opened {
        Ok(archive) => archive,
        Err(found) => {
            findings.error(Rule::ZipIntact, found);
            return Ok(findings.0);
        }
    };
    let is_layer = options.zip_kind == ZipKind::Layer;
    let starts_bootstrap = !is_layer && !runtime.is_managed;
    let mut files = ZipFiles::default();
    for index in 0..archive.len() {
        files.check_file(&mut archive, index, &mut findings);
    }
    files.report(archive.has_duplicate_names(), &mut findings);
    let has_bootstrap = files.names.contains(BOOTSTRAP);
    if starts_bootstrap && !has_bootstrap {
        let found = format!(
            "it has no `bootstrap` at its root, which the runtime {} starts (for another, use `--runtime` or `--kind \
             layer`)",
            runtime.name
        );
        findings.error(Rule::ZipBootstrap, found);
    }
    if is_layer {
        layer_paths(&files, &mut findings);
    }
    if !runtime.is_known {
        let found = format!(
            "the runtime {} is not known here; it is taken for a newer one",
            runtime.name
        );
        findings.note(Rule::ZipProgram, found);
    }
    if has_bootstrap && !runtime.is_managed {
        files.bootstrap_mode(&mut findings);
        // A file that cannot be read would be reported again as something else.
        let unreadable = [Rule::ZipIntact, Rule::ZipMethods, Rule::ZipUncompressedSize];
        if !findings.0.iter().any(|finding| unreadable.contains(&finding.rule)) {
            zip_program::lint(&mut archive, &files, &runtime, options, &mut findings)?;
        }
    }
    files.native_files(options.architecture, &mut findings);
    Ok(findings.0)
}

/// A layer with nothing in these folders and no program is probably packed one folder too high or too low.
fn layer_paths(files: &ZipFiles, findings: &mut Findings) {
    let root = |name: &String| name.split('/').next().unwrap_or_default().to_owned();
    let known = |name: &String| LAYER_FOLDERS.contains(&root(name).as_str()) || name == BOOTSTRAP;
    if !files.names.is_empty() && !files.names.iter().any(known) {
        let mut roots: Vec<_> = files.names.iter().map(root).collect();
        roots.dedup();
        let suffix = format!(" at its root, and none of {}", LAYER_FOLDERS.join(", "));
        findings.warning(Rule::ZipLayerPaths, super::finding::abbreviate(&roots) + &suffix);
    }
}
