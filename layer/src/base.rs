//! What an image is put on: nothing, or another image. Refuses a base that could not run the
//! program, with the reason.

use crate::elf::FunctionBinary;
use crate::program::Layers;
use crate::scan::read_layer;
use crate::source::Source;
use crate::view::View;
use crate::{Error, Layout, Result};

/// Whether `binary` runs where there is nothing but itself.
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
        "it needs {}; take the base `minimal`, which has these and nothing else",
        needed.join(", ")
    );
    Err(refused(binary, "scratch", reason))
}

/// Whether `binary` runs in the image that `base` holds; errors call it `name`.
///
/// # Errors
/// The base is for another processor, lacks a library, or its glibc is older than the binary needs.
pub fn check_base(binary: &FunctionBinary, base: &Layout, name: &str) -> Result<()> {
    let (elf, image) = (binary.elf(), base.image());
    let (found, architecture) = (image.processor(), binary.architecture());
    if found != architecture {
        let reason = format!("the base is for {found}, the program for {architecture}");
        return Err(refused(binary, name, reason));
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
    let view = View::of(entries.iter().map(Vec::as_slice));
    let layers = Layers::new(source, descriptors, &view, &image.documents.config);
    let libraries = layers.missing_libraries(elf);
    if let Some(missing) = layers
        .missing_loader(elf)
        .into_iter()
        .chain(libraries)
        .next()
    {
        let reason = format!("the base has no {missing}; take one with glibc");
        return Err(refused(binary, name, reason));
    }
    let Some((needed, symbol)) = &elf.needs_glibc else {
        return Ok(());
    };
    match layers.glibc()? {
        Some(found) if found >= *needed => Ok(()),
        found => {
            let found = found.map(|glibc| glibc.to_string());
            let found = found.unwrap_or("of an unknown release".to_owned());
            let reason = format!(
                "its glibc is {found}, the program needs {needed} ({symbol}); take a newer base"
            );
            Err(refused(binary, name, reason))
        }
    }
}

fn refused(binary: &FunctionBinary, base: &str, reason: String) -> Error {
    let path = binary.path().display();
    Error::Other(format!("`{path}` cannot run on the base {base}: {reason}"))
}
