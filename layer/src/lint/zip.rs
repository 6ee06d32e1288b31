//! The rules about a zip archive.

use std::collections::BTreeSet;
use std::io::{self, Read, copy};
use std::path::Path;

use fs_err::File;
use zip::read::ZipFile;
use zip::result::ZipError;
use zip::{CompressionMethod, System, ZipArchive};

use super::finding::{Expected, Finding, Findings};
use super::layers::is_readable;
use super::rule::Rule;
use crate::elf::Elf;
use crate::lambda::LAMBDA;
use crate::{Error, Result};

/// The program that Lambda starts.
const BOOTSTRAP: &str = "bootstrap";
/// The most files that are read: each takes memory before it is known to be one.
const MOST_FILES: usize = 1_000_000;

/// Checks the zip archive at `path`.
///
/// # Errors
/// It cannot be read from disk. What is wrong inside is a finding.
pub fn lint_zip(path: &Path, expected: &Expected) -> Result<Vec<Finding>> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut findings = Findings::default();
    let most = LAMBDA.zip_upload_bytes;
    if bytes > most {
        let found = format!("it has {bytes} bytes, {most} can be uploaded directly");
        findings.warning(Rule::ZipSize, found);
    }
    let opened = match ZipArchive::new(file) {
        Ok(archive) if archive.len() <= MOST_FILES => Ok(archive),
        Ok(archive) => Err(format!("it says that it has {} files", archive.len())),
        Err(error) => Err(error.to_string()),
    };
    let mut archive = match opened {
        Ok(archive) => archive,
        Err(found) => {
            findings.error(Rule::ZipIntact, found);
            return Ok(findings.0);
        }
    };
    let mut files = Files::default();
    for index in 0..archive.len() {
        files.look(&mut archive, index, &mut findings)?;
    }
    files.report(archive.has_duplicate_names(), &mut findings);
    if !files.has_bootstrap {
        findings.error(Rule::ZipBootstrap, "there is no `bootstrap` at its root");
    }
    if let Some(program) = files.bootstrap {
        program_of(program.path(), expected, &mut findings);
    }
    Ok(findings.0)
}

#[derive(Default)]
struct Files {
    paths: Vec<String>,
    private: Vec<String>,
    methods: Vec<String>,
    unpacked: u64,
    names: BTreeSet<String>,
    twice: Vec<String>,
    has_bootstrap: bool,
    /// Its content, where it can be read.
    bootstrap: Option<tempfile::NamedTempFile>,
}

impl Files {
    /// Reads a file to its end.
    fn look(
        &mut self,
        archive: &mut ZipArchive<File>,
        index: usize,
        findings: &mut Findings,
    ) -> Result<()> {
        let name = archive.name_for_index(index);
        let name = name.and_then(std::result::Result::ok);
        let name = name.map_or_else(|| format!("file {index}"), |name| name.into_owned());
        let mut file = match archive.by_index(index) {
            Ok(file) => file,
            Err(ZipError::UnsupportedArchive(_) | ZipError::InvalidPassword) => {
                self.methods.push(name);
                return Ok(());
            }
            Err(error) => {
                findings.error(Rule::ZipIntact, format!("`{name}`: {error}"));
                return Ok(());
            }
        };
        if !self.names.insert(name.trim_end_matches('/').to_owned()) {
            self.twice.push(name.clone());
        }
        if !is_plain(&name) {
            self.paths.push(name.clone());
        }
        self.modes(&file, &name, findings);
        let method = file.compression();
        if !matches!(
            method,
            CompressionMethod::Stored | CompressionMethod::Deflated
        ) {
            self.methods.push(format!("{name} ({method})"));
            // Nor can this read it.
            return Ok(());
        }
        self.content(&mut file, &name, findings)
    }

    fn modes(&mut self, file: &ZipFile<'_, File>, name: &str, findings: &mut Findings) {
        let unix = file.system() == System::Unix;
        let mode = file.unix_mode().unwrap_or(0);
        if unix && !file.is_symlink() && !is_readable(file.is_dir(), mode) {
            self.private
                .push(format!("{name} (mode {:04o})", mode & 0o7777));
        }
        if name != BOOTSTRAP {
            return;
        }
        self.has_bootstrap = true;
        if !unix {
            let system = file.system();
            let found = format!("`bootstrap` was packed as {system:?} does, without Unix's mode");
            findings.error(Rule::ZipBootstrap, found);
        } else if mode & 0o005 != 0o005 {
            let found = format!("`bootstrap` has the mode {:04o}", mode & 0o7777);
            findings.error(Rule::ZipBootstrap, found);
        }
        if !file.is_file() {
            findings.error(Rule::ZipBootstrap, "`bootstrap` is no plain file");
        }
    }

    /// The content, which is counted and must have the checksum and the size that the archive says.
    fn content(
        &mut self,
        file: &mut ZipFile<'_, File>,
        name: &str,
        findings: &mut Findings,
    ) -> Result<()> {
        let said = file.size();
        // What unpacks to more than Lambda takes need not be unpacked further.
        let most = LAMBDA.zip_unpacked_bytes.saturating_sub(self.unpacked) + 1;
        let mut content = file.take(most);
        let copied = if name == BOOTSTRAP {
            let program = tempfile::NamedTempFile::new()
                .map_err(Error::io("create a file in", &std::env::temp_dir()))?;
            let copied = copy(&mut content, &mut program.as_file());
            self.bootstrap = Some(program);
            copied
        } else {
            copy(&mut content, &mut io::sink())
        };
        match copied {
            Ok(bytes) => {
                self.unpacked += bytes;
                if bytes < most && bytes != said {
                    let found = format!("`{name}` has {bytes} bytes, the archive says {said}");
                    findings.error(Rule::ZipIntact, found);
                }
            }
            Err(error) => findings.error(Rule::ZipIntact, format!("`{name}`: {error}")),
        }
        Ok(())
    }

    fn report(&mut self, duplicates: bool, findings: &mut Findings) {
        findings.all_of(Rule::ZipPaths, &self.paths, "");
        findings.all_of(Rule::ZipPaths, &self.twice, " more than once");
        if self.twice.is_empty() && duplicates {
            findings.error(Rule::ZipPaths, "a path occurs more than once");
        }
        findings.all_of(Rule::ZipReadable, &self.private, "");
        findings.all_of(Rule::ZipMethods, &self.methods, "");
        let most = LAMBDA.zip_unpacked_bytes;
        if self.unpacked > most {
            let found = format!("it unpacks to more than {most} bytes");
            findings.error(Rule::ZipUnpacked, found);
        }
    }
}

/// Whether a path stays in the folder that it is unpacked into, wherever that is.
fn is_plain(name: &str) -> bool {
    let trimmed = name.strip_suffix('/').unwrap_or(name);
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    !name.contains(['\\', '\0']) && trimmed.split('/').all(plain)
}

fn program_of(program: &Path, expected: &Expected, findings: &mut Findings) {
    // A script's interpreter is the runtime's; nobody can follow it from here.
    let Ok(elf) = Elf::read(program) else {
        return;
    };
    let Some(own) = elf.processor.architecture() else {
        let found = format!("`bootstrap` is for {}", elf.processor);
        findings.error(Rule::ZipProgram, found);
        return;
    };
    let wanted = expected.architecture.unwrap_or(own);
    if let Err(error) = elf.check(Path::new(BOOTSTRAP), wanted, LAMBDA.runtime_glibc) {
        findings.error(Rule::ZipProgram, error.to_string());
    }
}
