//! The rules about zip archives.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Read, copy};
use std::path::Path;

use fs_err::File;
use zip::read::ZipFile;
use zip::result::ZipError;
use zip::{CompressionMethod, System, ZipArchive};

use super::finding::{Finding, Findings, LintOptions};
use super::layers::is_world_readable;
use super::rule::Rule;
use crate::elf::Elf;
use crate::lambda::LAMBDA;
use crate::{Error, Result};

/// The program that Lambda starts.
const BOOTSTRAP: &str = "bootstrap";
/// Limits the memory for the central directory.
const MAX_FILES: usize = 1_000_000;

/// Checks the zip archive at `path`.
///
/// # Errors
/// The file cannot be read. Defects of the archive are findings.
pub fn lint_zip(path: &Path, options: &LintOptions) -> Result<Vec<Finding>> {
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
    let mut contents = ZipContents::default();
    for index in 0..archive.len() {
        contents.check_file(&mut archive, index, &mut findings)?;
    }
    contents.report(archive.has_duplicate_names(), &mut findings);
    if !contents.has_bootstrap {
        findings.error(Rule::ZipBootstrap, "it has no `bootstrap` at its root");
    }
    if let Some(program) = contents.bootstrap {
        check_program(program.path(), options, &mut findings);
    }
    Ok(findings.0)
}

#[derive(Default)]
struct ZipContents {
    unsafe_paths: Vec<String>,
    unreadable: Vec<String>,
    unsupported_methods: Vec<String>,
    uncompressed_bytes: u64,
    names: BTreeSet<String>,
    duplicates: Vec<String>,
    has_bootstrap: bool,
    /// Its content, if it can be read.
    bootstrap: Option<tempfile::NamedTempFile>,
}

impl ZipContents {
    /// Checks a file and reads it to its end.
    fn check_file(&mut self, archive: &mut ZipArchive<File>, index: usize, findings: &mut Findings) -> Result<()> {
        let name = archive.name_for_index(index);
        let name = name.and_then(std::result::Result::ok);
        let name = name.map_or_else(|| format!("file {index}"), Cow::into_owned);
        let mut file = match archive.by_index(index) {
            Ok(file) => file,
            Err(ZipError::UnsupportedArchive(_) | ZipError::InvalidPassword) => {
                self.unsupported_methods.push(name);
                return Ok(());
            }
            Err(error) => {
                findings.error(Rule::ZipIntact, format!("`{name}`: {error}"));
                return Ok(());
            }
        };
        if !self.names.insert(name.trim_end_matches('/').to_owned()) {
            self.duplicates.push(name.clone());
        }
        if !is_safe_path(&name) {
            self.unsafe_paths.push(name.clone());
        }
        self.check_mode(&file, &name, findings);
        let method = file.compression();
        if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
            self.unsupported_methods.push(format!("{name} ({method})"));
            // The crate `zip` cannot read it either.
            return Ok(());
        }
        self.check_content(&mut file, &name, findings)
    }

    fn check_mode(&mut self, file: &ZipFile<'_, File>, name: &str, findings: &mut Findings) {
        let unix = file.system() == System::Unix;
        let mode = file.unix_mode().unwrap_or(0);
        if unix && !file.is_symlink() && !is_world_readable(file.is_dir(), mode) {
            self.unreadable.push(format!("{name} (mode {:04o})", mode & 0o7777));
        }
        if name != BOOTSTRAP {
            return;
        }
        self.has_bootstrap = true;
        if !unix {
            let system = file.system();
            let found = format!("`bootstrap` was added on {system:?}, without a Unix mode");
            findings.error(Rule::ZipBootstrap, found);
        } else if mode & 0o005 != 0o005 {
            let found = format!("`bootstrap` has mode {:04o}", mode & 0o7777);
            findings.error(Rule::ZipBootstrap, found);
        }
        if !file.is_file() {
            findings.error(Rule::ZipBootstrap, "`bootstrap` is not a regular file");
        }
    }

    /// Counts the content, and verifies its checksum and size.
    fn check_content(&mut self, file: &mut ZipFile<'_, File>, name: &str, findings: &mut Findings) -> Result<()> {
        let declared = file.size();
        // Stops decompressing once the archive exceeds Lambda's limit.
        let limit = LAMBDA.zip_uncompressed_bytes.saturating_sub(self.uncompressed_bytes) + 1;
        let mut content = file.take(limit);
        let copied = if name == BOOTSTRAP {
            let program =
                tempfile::NamedTempFile::new().map_err(Error::io("create a file in", &std::env::temp_dir()))?;
            let copied = copy(&mut content, &mut program.as_file());
            self.bootstrap = Some(program);
            copied
        } else {
            copy(&mut content, &mut io::sink())
        };
        match copied {
            Ok(bytes) => {
                self.uncompressed_bytes += bytes;
                if bytes < limit && bytes != declared {
                    let found = format!("`{name}` has {bytes} bytes instead of {declared}");
                    findings.error(Rule::ZipIntact, found);
                }
            }
            Err(error) => findings.error(Rule::ZipIntact, format!("`{name}`: {error}")),
        }
        Ok(())
    }

    fn report(&mut self, has_duplicates: bool, findings: &mut Findings) {
        findings.error_for_items(Rule::ZipPaths, &self.unsafe_paths, "");
        findings.error_for_items(Rule::ZipPaths, &self.duplicates, " more than once");
        if self.duplicates.is_empty() && has_duplicates {
            findings.error(Rule::ZipPaths, "a path occurs more than once");
        }
        findings.error_for_items(Rule::ZipReadable, &self.unreadable, "");
        findings.error_for_items(Rule::ZipMethods, &self.unsupported_methods, "");
        let limit = LAMBDA.zip_uncompressed_bytes;
        if self.uncompressed_bytes > limit {
            let found = format!("it has more than {limit} bytes uncompressed");
            findings.error(Rule::ZipUncompressedSize, found);
        }
    }
}

/// Whether a path stays inside the folder into which it is extracted, on any operating system.
fn is_safe_path(name: &str) -> bool {
    let trimmed = name.strip_suffix('/').unwrap_or(name);
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    !name.contains(['\\', '\0']) && trimmed.split('/').all(plain)
}

fn check_program(program: &Path, options: &LintOptions, findings: &mut Findings) {
    // The requirements of a script's interpreter cannot be checked.
    let Ok(elf) = Elf::read(program) else {
        return;
    };
    let Some(own) = elf.architecture.supported() else {
        let found = format!("`bootstrap` is for {}", elf.architecture);
        findings.error(Rule::ZipProgram, found);
        return;
    };
    let wanted = options.architecture.unwrap_or(own);
    if let Err(error) = elf.check(Path::new(BOOTSTRAP), wanted, LAMBDA.runtime_glibc) {
        findings.error(Rule::ZipProgram, error.to_string());
    }
}
