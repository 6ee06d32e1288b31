//! The rule about the programs of a zip archive, `bootstrap` and the extensions of a layer, in the file system that
//! Lambda's runtime has around them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use fs_err::File;
use zip::ZipArchive;

use super::finding::{Findings, LintOptions, ZipKind};
use super::rule::Rule;
use super::zip_files::{BOOTSTRAP, ZipFiles};
use crate::entries::Entry;
use crate::lambda::LAMBDA;
use crate::merged_file_system::MergedFileSystem;
use crate::program::root::{Contents, Found, Root};
use crate::program::{Environment, Problem, ProblemKind, ProgramCheck, ProgramFile};
use crate::runtime::{LANGUAGE_FOLDER, RUNTIMES, Runtime};
use crate::{Architecture, Result};

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
    let is_layer = options.zip_kind == ZipKind::Layer;
    let folder = match is_layer {
        true => "opt",
        false => "var/task",
    };
    let below = |path: &str| format!("{folder}/{path}");
    let extensions = files.file_names().filter(|path| is_layer && is_extension(path));
    let mut programs: Vec<_> = extensions.collect();
    if !runtime.is_managed && files.names.contains(BOOTSTRAP) {
        programs.insert(0, BOOTSTRAP);
    }
    // Without the list of its files, nothing can be said about what a program needs.
    let Some(system) = runtime.system.filter(|_| !programs.is_empty()) else {
        return Ok(());
    };
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
    let architecture = match options.architecture {
        Some(architecture) => architecture,
        None => own_architecture(
            &Root::new(&file_system, &contents),
            programs.iter().map(|path| below(path)),
        )?,
    };
    let mut provided = system.files(architecture);
    provided.extend(runtime.language_programs.iter().cloned());
    let variables = &RUNTIMES.environment;
    let mut search_path = variables.path.clone();
    if runtime.is_managed {
        search_path.insert(0, LANGUAGE_FOLDER.to_owned());
    }
    let place = format!("in the archive or in {} (as of {})", runtime.name, system.date);
    let check = ProgramCheck {
        root: &Root::new(&file_system, &contents).on_runtime(provided),
        environment: &Environment {
            search_path,
            library_path: variables.ld_library_path.clone(),
            assumed_library_path: Vec::new(),
            working_dir: "/var/task".to_owned(),
        },
        architecture,
        place: &place,
        system: Some(system),
    };
    for program in programs {
        for mut problem in check.check(&format!("/{}", below(program)))? {
            if program != BOOTSTRAP {
                allow_for_other_layers(&mut problem, options.runtime.is_some());
            }
            findings.add_problem(Rule::ZipProgram, &problem);
        }
    }
    Ok(())
}

/// Whether Lambda starts a file of a layer: it starts everything in the folder that is not a folder. Source:
/// `ListExternalAgentPaths` in aws/aws-lambda-runtime-interface-emulator.
fn is_extension(path: &str) -> bool {
    let name = path.strip_prefix("extensions/");
    name.is_some_and(|name| !name.contains('/'))
}

/// An extension may find what it needs in another layer, or in the runtime of the function, unless that is known.
fn allow_for_other_layers(problem: &mut Problem, is_runtime_known: bool) {
    let found_elsewhere = match problem.kind {
        ProblemKind::File | ProblemKind::Architecture => return,
        ProblemKind::Loader => "another layer",
        ProblemKind::Glibc if is_runtime_known => return,
        ProblemKind::Glibc => "the runtime of the function",
    };
    problem.is_certain = false;
    problem.message += &format!("; {found_elsewhere} may have it");
}

/// The architecture of the first program that has one. Scripts run on any, so their interpreters are looked for on the
/// first one.
fn own_architecture(root: &Root<'_>, programs: impl Iterator<Item = String>) -> Result<Architecture> {
    for program in programs {
        let Found::File { path, .. } = root.find(&program) else {
            continue;
        };
        if let ProgramFile::Elf(elf) = root.read(&path)?.as_ref()
            && let Some(architecture) = elf.architecture.supported()
        {
            return Ok(architecture);
        }
    }
    Ok(Architecture::X86_64)
}
