//! Checks whether a base image, or an image without a base, could run the program.

use crate::elf::FunctionBinary;
use crate::merged_file_system::MergedFileSystem;
use crate::program::image::{LayerContents, environment};
use crate::program::root::Root;
use crate::program::{ProgramCheck, elf_file};
use crate::scan::read_layer;
use crate::source::Source;
use crate::{Error, Layout, Result};

/// Checks that `binary` runs in an image without other files.
///
/// # Errors
/// It needs a loader or libraries.
pub fn check_scratch(binary: &FunctionBinary) -> Result<()> {
    let elf = binary.elf();
    let needed = elf.interpreter.iter().chain(&elf.needed);
    let needed: Vec<_> = needed.map(String::as_str).collect();
    if needed.is_empty() {
        return Ok(());
    }
    let reason = format!(
        "it needs {}; use the base `minimal`, which has only these",
        needed.join(", ")
    );
    Err(incompatible(binary, "scratch", &reason))
}

/// Checks that `binary` runs in the image of `base`, which errors call `name`.
///
/// # Errors
/// The base is for another architecture, lacks a library, or its glibc is older than the binary needs.
pub fn check_base(binary: &FunctionBinary, base: &Layout, name: &str) -> Result<()> {
    let (elf, image) = (binary.elf(), base.image());
    let (found, architecture) = (image.architecture(), binary.architecture());
    if found != architecture {
        let reason = format!("the base is for {found}, the program for {architecture}");
        return Err(incompatible(binary, name, &reason));
    }
    let source: &dyn Source = base.source();
    let descriptors = image.documents.manifest.layers();
    let mut entries = Vec::new();
    for descriptor in descriptors {
        let mut layer = Vec::new();
        read_layer(source, descriptor, &mut |entry, _| {
            layer.push(entry.clone());
            Ok(())
        })?;
        entries.push(layer);
    }
    let file_system = MergedFileSystem::from_layers(entries.iter().map(Vec::as_slice));
    let contents = LayerContents { source, descriptors };
    let check = ProgramCheck {
        root: &Root::new(&file_system, &contents),
        environment: &environment(&image.documents.config),
        architecture,
        place: "in the base",
        system: None,
    };
    let path = binary.path().display().to_string();
    let problems = check.check_elf(&path, "/var/task/bootstrap", &elf_file(elf))?;
    match problems.into_iter().find(|problem| problem.is_certain) {
        None => Ok(()),
        Some(problem) => {
            let reason = format!("{}; use one with a glibc that is new enough", problem.message);
            Err(incompatible(binary, name, &reason))
        }
    }
}

fn incompatible(binary: &FunctionBinary, base: &str, reason: &str) -> Error {
    let path = binary.path().display();
    Error::Other(format!("`{path}` cannot run on the base {base}: {reason}"))
}
