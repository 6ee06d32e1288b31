//! The rules about zip archives, of functions and of layers.

use std::path::Path;

use fs_err::File;
use zip::ZipArchive;

use super::finding::{Finding, Findings, LintOptions, Severity, ZipKind};
use super::rule::Rule;
use super::zip_directory::repeated_names;
use super::zip_files::{BOOTSTRAP, ZipFiles};
use super::{zip_layer, zip_native, zip_program};
use crate::Result;
use crate::lambda::LAMBDA;
use crate::runtime::{DEFAULT_RUNTIME, Runtime};

/// Limits the memory for the central directory.
const MAX_FILES: usize = 1_000_000;

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
    if archive.is_empty() {
        let found = "it has no files (Lambda: `Uploaded file must be a non-empty zip`)";
        findings.error(Rule::ZipIntact, found);
        return Ok(findings.0);
    }
    let prefix = archive.offset();
    if prefix > 0 {
        let found = format!("it has {prefix} bytes before its first file, which not every program skips");
        findings.warning(Rule::ZipIntact, found);
    }
    supported_runtime(&runtime, &mut findings);
    let is_layer = options.zip_kind == ZipKind::Layer;
    let starts_bootstrap = !is_layer && !runtime.is_managed;
    let mut files = ZipFiles::default();
    for index in 0..archive.len() {
        files.check_file(&mut archive, index, &mut findings);
    }
    if archive.has_duplicate_names() {
        let mut directory = File::open(path)?;
        files.add_repeated(repeated_names(&mut directory, archive.central_directory_start())?);
    }
    files.report(&mut findings);
    if let [only] = Vec::from_iter(&files.names).as_slice()
        && only.ends_with(".zip")
    {
        let found = format!("its only file is another archive, `{only}`, which Lambda does not extract");
        findings.warning(Rule::ZipPaths, found);
    }
    let has_bootstrap = files.names.contains(BOOTSTRAP);
    if starts_bootstrap && !has_bootstrap {
        missing_bootstrap(&files, &runtime, &mut findings);
    }
    if is_layer {
        zip_layer::lint(&files, &runtime, &mut findings);
    }
    if has_bootstrap && !runtime.is_managed {
        files.bootstrap_mode(&mut findings);
    }
    // A file that cannot be read would be reported again as something else.
    let unreadable = [Rule::ZipIntact, Rule::ZipMethods, Rule::ZipUncompressedSize];
    let is_unreadable = |finding: &Finding| finding.severity == Severity::Error && unreadable.contains(&finding.rule);
    if !findings.0.iter().any(is_unreadable) {
        zip_program::lint(&mut archive, &files, &runtime, options, &mut findings)?;
    }
    let (names, native) = (&files.names, &files.native_files);
    zip_native::lint(&mut archive, names, native, &runtime, options, &mut findings);
    Ok(findings.0)
}

/// A function may have its `bootstrap` in a layer.
fn missing_bootstrap(files: &ZipFiles, runtime: &Runtime, findings: &mut Findings) {
    let similar = ["bootstrap", "bootstrap.exe", "bootstrap.sh", "bootstrap.zip"];
    let is_similar = |name: &&str| {
        let file = name.rsplit('/').next().unwrap_or_default();
        similar.iter().any(|similar| file.eq_ignore_ascii_case(similar))
    };
    let similar = files.file_names().find(is_similar);
    let similar = similar.map_or(String::new(), |name| format!(" (`{name}` is not started)"));
    let found = format!(
        "it has no `bootstrap` at its root{similar}; the runtime {} looks for it in the function's layers (for another \
         runtime or a layer, use `--runtime` or `--kind layer`)",
        runtime.name
    );
    findings.warning(Rule::ZipBootstrap, found);
}

fn supported_runtime(runtime: &Runtime, findings: &mut Findings) {
    let name = &runtime.name;
    if !runtime.is_known {
        let found = format!("the runtime {name} is not known here; it is taken for a newer one");
        findings.note(Rule::ZipRuntime, found);
    }
    if let Some(deprecation) = &runtime.deprecation {
        let severity = match deprecation.is_blocked {
            true => Severity::Error,
            false => Severity::Warning,
        };
        let found = format!("the runtime {name} is {}", deprecation.description);
        findings.add(Rule::ZipRuntime, severity, &found);
    }
}
