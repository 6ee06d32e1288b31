//! The rules about an image's program, its loader and its libraries.

use super::finding::Findings;
use super::rule::Rule;
use crate::entries::EntryKind;
use crate::library_resolver::LibraryResolver;
use crate::merged_file_system::MergedFileSystem;
use crate::source::Source;
use crate::validate::ValidatedImage;
use crate::{Result, TargetArchitecture};

pub(crate) fn lint(
    source: &dyn Source,
    image: &ValidatedImage,
    file_system: &MergedFileSystem,
    findings: &mut Findings,
) -> Result<()> {
    let config = &image.documents.config;
    let descriptors: Vec<_> = image.layers.iter().map(|l| l.descriptor.clone()).collect();
    let resolver = LibraryResolver::new(source, &descriptors, file_system, config);
    let run = config.config().as_ref();
    let entrypoint = run.and_then(|run| run.entrypoint().as_ref());
    let command = run.and_then(|run| run.cmd().as_ref());
    let program = entrypoint.into_iter().chain(command).flatten().next();
    let Some(program) = program.filter(|program| !program.is_empty()) else {
        findings.error(Rule::Entrypoint, "the configuration names no program");
        return Ok(());
    };
    if !program.starts_with('/') {
        let found = format!("`{program}` is not an absolute path; it is searched in PATH");
        findings.warning(Rule::Entrypoint, found);
        return Ok(());
    }
    let Some((_, entry)) = file_system.resolve(program) else {
        findings.error(Rule::Entrypoint, format!("`{program}` is not in the image"));
        return Ok(());
    };
    if entry.kind != EntryKind::File {
        findings.error(Rule::Entrypoint, format!("`{program}` is not a file"));
        return Ok(());
    }
    if entry.mode & 0o005 != 0o005 {
        let mode = entry.mode;
        let found = format!("`{program}` has mode {mode:04o}; everybody must be able to run it");
        findings.error(Rule::Entrypoint, found);
    }
    // The requirements of a script's interpreter cannot be checked.
    let Some(elf) = resolver.read_elf(program)? else {
        return Ok(());
    };
    let target = TargetArchitecture::from(config.architecture());
    if elf.architecture != target {
        let found = format!("`{program}` is for {}, the image for {target}", elf.architecture);
        findings.error(Rule::Architecture, found);
        return Ok(());
    }
    // An architecture that Lambda does not offer has its own finding.
    if target.supported().is_none() {
        return Ok(());
    }
    if let Some(loader) = resolver.missing_loader(&elf) {
        let found = format!("`{program}` is started by `{loader}`, which is not in the image");
        findings.error(Rule::Loader, found);
    }
    for name in resolver.missing_libraries(&elf) {
        let found = format!("`{program}` needs {name}, which is not in the loader's search path");
        // A RUNPATH may add other folders.
        match elf.has_runpath {
            true => findings.warning(Rule::Loader, found),
            false => findings.error(Rule::Loader, found),
        }
    }
    // A missing glibc has been reported by the previous rule.
    if let Some((needed, symbol)) = &elf.required_glibc
        && let Some(found) = resolver.glibc_version()?
        && found < *needed
    {
        let found = format!("`{program}` needs glibc {needed} ({symbol}), the image has {found}");
        findings.error(Rule::Glibc, found);
    }
    Ok(())
}
