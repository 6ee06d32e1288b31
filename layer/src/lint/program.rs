//! The rules about what an image starts: the program, its loader and its libraries.

use super::finding::Findings;
use super::rule::Rule;
use crate::elf::Elf;
use crate::entries::Kind;
use crate::program::{Layers, library_folders};
use crate::source::Source;
use crate::validate::Examined;
use crate::view::View;
use crate::{Architecture, Processor, Result};

/// Checks the program of an image, as `view` shows it.
pub(crate) fn lint(
    source: &dyn Source,
    image: &Examined,
    view: &View,
    findings: &mut Findings,
) -> Result<()> {
    let config = &image.documents.config;
    let descriptors: Vec<_> = image.layers.iter().map(|l| l.descriptor.clone()).collect();
    let layers = Layers {
        source,
        descriptors: &descriptors,
        view,
    };
    let run = config.config().as_ref();
    let entrypoint = run.and_then(|run| run.entrypoint().as_ref());
    let command = run.and_then(|run| run.cmd().as_ref());
    let program = entrypoint.into_iter().chain(command).flatten().next();
    let Some(program) = program.filter(|program| !program.is_empty()) else {
        findings.error(Rule::Entrypoint, "the configuration names no program");
        return Ok(());
    };
    if !program.starts_with('/') {
        let found = format!("`{program}` is no absolute path; what is started depends on PATH");
        findings.warning(Rule::Entrypoint, found);
        return Ok(());
    }
    let Some((_, entry)) = view.resolve(program) else {
        findings.error(Rule::Entrypoint, format!("`{program}` is not in the image"));
        return Ok(());
    };
    if entry.kind != Kind::File {
        findings.error(Rule::Entrypoint, format!("`{program}` is no file"));
        return Ok(());
    }
    if entry.mode & 0o005 != 0o005 {
        let mode = entry.mode;
        let found = format!("`{program}` has the mode {mode:04o}; everybody must read and run it");
        findings.error(Rule::Entrypoint, found);
    }
    // A script is started by its interpreter, which nobody can follow from here.
    let Some(elf) = layers.elf(program)? else {
        return Ok(());
    };
    let processor = Processor::from(config.architecture());
    if elf.processor != processor {
        let found = format!(
            "`{program}` is for {}, the image for {processor}",
            elf.processor
        );
        findings.error(Rule::Architecture, found);
        return Ok(());
    }
    // That an image is for a processor that Lambda does not offer is a finding of its own.
    let Some(architecture) = elf.processor.architecture() else {
        return Ok(());
    };
    let folders = library_folders(config);
    loader(&layers, program, &elf, architecture, &folders, findings);
    glibc(&layers, program, &elf, architecture, &folders, findings)
}

fn loader(
    layers: &Layers<'_>,
    program: &str,
    elf: &Elf,
    architecture: Architecture,
    folders: &[String],
    findings: &mut Findings,
) {
    if let Some(loader) = &elf.interpreter
        && layers.view.resolve(loader).is_none()
    {
        let found = format!("`{program}` is started by `{loader}`, which is not in the image");
        findings.error(Rule::Loader, found);
    }
    let missing = elf
        .needed
        .iter()
        .filter(|name| layers.library(name, architecture, folders).is_none());
    for name in missing {
        let found = format!("`{program}` needs {name}, which is not where loaders look");
        // It may be told to look elsewhere.
        if elf.has_run_path {
            findings.warning(Rule::Loader, found);
        } else {
            findings.error(Rule::Loader, found);
        }
    }
}

fn glibc(
    layers: &Layers<'_>,
    program: &str,
    elf: &Elf,
    architecture: Architecture,
    folders: &[String],
    findings: &mut Findings,
) -> Result<()> {
    let Some((needed, symbol)) = &elf.needs_glibc else {
        return Ok(());
    };
    // One that is missing was said by the rule before.
    if let Some(found) = layers.glibc(architecture, folders)?
        && found < *needed
    {
        let found = format!("`{program}` needs glibc {needed} ({symbol}), the image has {found}");
        findings.error(Rule::Glibc, found);
    }
    Ok(())
}
