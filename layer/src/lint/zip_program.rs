//! The rules about the program `bootstrap` of a zip archive, in the file system that Lambda's runtime has around it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use fs_err::File;
use zip::ZipArchive;

use super::finding::{Findings, LintOptions, Severity, ZipKind};
use super::rule::Rule;
use super::zip_files::{BOOTSTRAP, ZipFiles};
use crate::entries::Entry;
use crate::lambda::LAMBDA;
use crate::merged_file_system::MergedFileSystem;
use crate::program::root::{Contents, Found, Root};
use crate::program::{Environment, ProgramCheck, ProgramFile};
use crate::runtime::{RUNTIMES, Runtime};
use crate::{Architecture, Result, TargetArchitecture};

/// The paths of the files, and their indexes in the archive.
struct ZipContents<'a> {
    archive: RefCell<&'a mut ZipArchive<File>>,
    indexes: BTreeMap<String, usize>,
}

impl Contents for ZipContents<'_> {
    fn visit(
        &self,
        _: usize,
        paths: &BTreeSet<String>,
        visit: &mut dyn FnMut(&str, &mut dyn Read) -> Result<()>,
    ) -> Result<()> {
        let mut archive = self.archive.borrow_mut();
        for path in paths {
            let file = self.indexes.get(path).map(|index| archive.by_index(*index));
            match file {
                Some(Ok(file)) => visit(path, &mut file.take(LAMBDA.zip_uncompressed_bytes))?,
                // An unreadable file has a finding already.
                _ => visit(path, &mut std::io::empty())?,
            }
        }
        Ok(())
    }
}

pub(super) fn lint(
    archive: &mut ZipArchive<File>,
    files: &ZipFiles,
    runtime: &Runtime,
    options: &LintOptions,
    findings: &mut Findings,
) -> Result<()> {
    let folder = match options.zip_kind {
        ZipKind::Function => "var/task",
        ZipKind::Layer => "opt",
    };
    let below = |path: &str| format!("{folder}/{path}");
    let mut indexes = BTreeMap::new();
    let mut entries = Vec::new();
    for (index, entry) in &files.entries {
        let path = below(&entry.path);
        indexes.insert(path.clone(), *index);
        // The permissions of `bootstrap` have a rule of their own.
        let mode = if entry.path == BOOTSTRAP { 0o755 } else { entry.mode };
        entries.push(Entry {
            path,
            mode,
            ..entry.clone()
        });
    }
    let file_system = MergedFileSystem::from_layers([entries.as_slice()].into_iter());
    let contents = ZipContents {
        archive: RefCell::new(archive),
        indexes,
    };
    let program = below(BOOTSTRAP);
    let own = own_architecture(&Root::new(&file_system, &contents), &program)?;
    let Some(architecture) = options.architecture.or(own.supported()) else {
        findings.error(Rule::ZipProgram, format!("`bootstrap` is for {own}"));
        return Ok(());
    };
    // Without the list of its files, nothing can be said about what the program needs.
    let Some(system) = runtime.system else {
        return Ok(());
    };
    let variables = &RUNTIMES.environment;
    let place = format!("in the archive or in {} (as of {})", runtime.name, system.date);
    let check = ProgramCheck {
        root: &Root::new(&file_system, &contents).on_runtime(system.files(architecture)),
        environment: &Environment {
            search_path: variables.path.clone(),
            library_path: variables.ld_library_path.clone(),
            assumed_library_path: Vec::new(),
            working_dir: "/var/task".to_owned(),
        },
        architecture,
        place: &place,
        system: Some(system),
    };
    for problem in check.check(&format!("/{program}"))? {
        let severity = match problem.is_certain {
            true => Severity::Error,
            false => Severity::Warning,
        };
        findings.add(Rule::ZipProgram, severity, &problem.message);
    }
    Ok(())
}

/// The architecture of the program. A script runs on any, so its interpreter is looked for on the first one.
fn own_architecture(root: &Root<'_>, program: &str) -> Result<TargetArchitecture> {
    let file = match root.find(program) {
        Found::File { path, .. } => Some(root.read(&path)?),
        _ => None,
    };
    Ok(match file.as_deref() {
        Some(ProgramFile::Elf(elf)) => elf.architecture.clone(),
        _ => TargetArchitecture::Supported(Architecture::X86_64),
    })
}
