//! The rule about the shared libraries of a zip archive, and the native modules of Python and Node.js in it.

use std::collections::{BTreeSet, HashSet};
use std::io::Read;
use std::path::Path;

use fs_err::File;
use object::elf;
use zip::ZipArchive;

use super::finding::{Findings, LintOptions, Severity};
use super::rule::Rule;
use crate::elf::Elf;
use crate::lambda::LAMBDA;
use crate::runtime::{OperatingSystem, Runtime};
use crate::{Architecture, TargetArchitecture};

#[derive(Default)]
pub(super) struct NativeFiles {
    /// Those that are not for Linux, with what they are.
    foreign: Vec<(String, &'static str)>,
    /// Those for Linux, with their architectures.
    linux: Vec<(String, TargetArchitecture)>,
}

impl NativeFiles {
    /// Adds a file, if it is a native one, by its name and the first bytes of its content.
    pub(super) fn add(&mut self, name: &str, start: &[u8]) {
        let file = name.rsplit('/').next().unwrap_or_default();
        let is_native = [".so", ".node", ".pyd"].iter().any(|end| file.ends_with(end)) || file.contains(".so.");
        match start {
            _ if !is_native => {}
            [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..] => {
                self.foreign.push((name.to_owned(), "Mach-O, for macOS"));
            }
            [b'M', b'Z', ..] => self.foreign.push((name.to_owned(), "PE, for Windows")),
            // Little-endian ELF; the machine is at 18.
            [0x7f, b'E', b'L', b'F', _, 1, ..] if start.len() >= 20 => {
                let machine = elf::Machine(u16::from_le_bytes([start[18], start[19]]));
                self.linux.push((name.to_owned(), machine.into()));
            }
            _ => {}
        }
    }

    /// Reports those for other systems than the function's.
    fn lint(&self, wanted: Option<Architecture>, findings: &mut Findings) {
        let first = || self.linux.iter().find_map(|(_, found)| found.supported());
        let expected = wanted.or_else(first);
        let suits = |found: &TargetArchitecture| expected.is_some_and(|expected| *found == expected);
        let suitable = self.linux.iter().filter(|(_, found)| suits(found));
        let variants = Variants::of(suitable.map(|(name, _)| name.as_str()));
        let foreign = self.foreign.iter().filter(|(name, _)| !variants.include(name));
        let foreign: Vec<_> = foreign.map(|(name, what)| format!("{name} ({what})")).collect();
        findings.for_items(Rule::ZipNativeFiles, Severity::Warning, &foreign, "");
        let Some(expected) = expected else {
            return;
        };
        let others = self
            .linux
            .iter()
            .filter(|(name, found)| !suits(found) && !variants.include(name));
        let others: Vec<_> = others.map(|(name, found)| format!("{name} ({found})")).collect();
        let suffix = match wanted {
            Some(wanted) => format!(", for a function on {wanted}"),
            None => format!(", beside others for {expected}"),
        };
        findings.for_items(Rule::ZipNativeFiles, Severity::Warning, &others, &suffix);
    }
}

/// The modules that are in an archive for the right system or version. Packages may have the same ones for others, and
/// load the one that fits: they differ in one folder, or in what follows the first dot of the file's name.
struct Variants(HashSet<String>);

impl Variants {
    fn of<'a>(suitable: impl Iterator<Item = &'a str>) -> Self {
        Self(suitable.flat_map(Self::patterns).collect())
    }

    fn include(&self, path: &str) -> bool {
        Self::patterns(path).iter().any(|pattern| self.0.contains(pattern))
    }

    /// The path without one of its folders, or without the end of the file's name.
    fn patterns(path: &str) -> Vec<String> {
        let parts: Vec<_> = path.split('/').collect();
        let Some((file, folders)) = parts.split_last() else {
            return Vec::new();
        };
        let without = |index: usize| {
            [&folders[..index], &["*"], &folders[index + 1..], &[file]]
                .concat()
                .join("/")
        };
        let module = file.split('.').next().unwrap_or(file);
        let mut patterns: Vec<_> = (0..folders.len()).map(without).collect();
        patterns.push([folders, &[module, "*"]].concat().join("/"));
        patterns
    }
}

/// Checks the native files among those of the archive, which are called `names`.
pub(super) fn lint(
    archive: &mut ZipArchive<File>,
    names: &BTreeSet<String>,
    native: &NativeFiles,
    runtime: &Runtime,
    options: &LintOptions,
    findings: &mut Findings,
) {
    native.lint(options.architecture, findings);
    // What a program needs is checked with it.
    if !runtime.is_managed {
        return;
    }
    let name = &runtime.name;
    let files = native.linux.iter().map(|(file, _)| file);
    let (others, suitable): (Vec<_>, Vec<_>) = files.cloned().partition(|file| is_for_other_python(file, name));
    let variants = Variants::of(suitable.iter().map(String::as_str));
    let others: Vec<_> = others.into_iter().filter(|file| !variants.include(file)).collect();
    let suffix = format!(", for another version of Python than {name}");
    findings.for_items(Rule::ZipNativeFiles, Severity::Warning, &others, &suffix);
    // A decompression bomb is not decompressed again.
    let is_oversized = findings
        .0
        .iter()
        .any(|finding| finding.rule == Rule::ZipUncompressedSize);
    if let Some(system) = runtime.system.filter(|_| !is_oversized) {
        let unsuitable = unsuitable_for(system, archive, names, native);
        let suffix = format!(" of newer libraries than {name} has (glibc {})", system.glibc);
        findings.for_items(Rule::ZipNativeFiles, Severity::Warning, &unsuitable.too_new, &suffix);
        let mut for_musl = unsuitable.for_musl;
        // Packages for Node.js have modules for several systems, and load the one that fits.
        for_musl.retain(|file| !(name.starts_with("nodejs") && file.contains("musl")));
        let suffix = format!(", for musl (Alpine); {name} has glibc (with pip, use `--platform manylinux2014_…`)");
        findings.for_items(Rule::ZipNativeFiles, Severity::Warning, &for_musl, &suffix);
    }
}

/// Whether a module such as `x.cpython-312-x86_64-linux-gnu.so` is for another Python than `runtime`. Source: PEP 3149.
fn is_for_other_python(module: &str, runtime: &str) -> bool {
    let Some(version) = runtime.strip_prefix("python") else {
        return false;
    };
    let tag = module.rsplit('/').next().and_then(|file| file.split('.').nth(1));
    let digits = tag.and_then(|tag| tag.strip_prefix("cpython-")?.split('-').next());
    digits.is_some_and(|digits| digits != version.replace('.', ""))
}

/// The native files that the libraries of an operating system do not suit.
#[derive(Default)]
struct Unsuitable {
    /// Those that need symbol versions that the system does not define, with one of these.
    too_new: Vec<String>,
    /// Those that need musl, which is not in the archive.
    for_musl: Vec<String>,
}

fn unsuitable_for(
    system: &OperatingSystem,
    archive: &mut ZipArchive<File>,
    names: &BTreeSet<String>,
    native: &NativeFiles,
) -> Unsuitable {
    let is_in_archive = |library: &str| {
        let mut names = names.iter();
        names.any(|name| name.rsplit('/').next() == Some(library))
    };
    let mut unsuitable = Unsuitable::default();
    for (name, _) in &native.linux {
        let mut bytes = Vec::new();
        let file = archive
            .by_name(name)
            .map(|file| file.take(LAMBDA.zip_uncompressed_bytes));
        // An unreadable file has a finding already.
        if !file.is_ok_and(|mut file| file.read_to_end(&mut bytes).is_ok()) {
            continue;
        }
        // The loader takes no notice of what is not an ELF file, such as a linker script.
        let Ok(elf) = Elf::parse(Path::new(name), &bytes) else {
            continue;
        };
        let mut required = elf.required_versions.iter();
        let missing =
            required.rfind(|required| !system.defines(&required.version) && !is_in_archive(&required.library));
        if let Some(missing) = missing {
            unsuitable.too_new.push(format!("{name} ({})", missing.version));
        }
        let mut needed = elf.needed.iter();
        if needed.any(|library| library.starts_with("libc.musl-") && !is_in_archive(library)) {
            unsuitable.for_musl.push(name.clone());
        }
    }
    unsuitable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_python_are_in_the_names_of_modules() {
        for (module, runtime, expected) in [
            ("a/x.cpython-312-x86_64-linux-gnu.so", "python3.13", true),
            ("a/x.cpython-313-x86_64-linux-gnu.so", "python3.13", false),
            ("a/x.cpython-39-x86_64-linux-gnu.so", "python3.9", false),
            ("a/x.abi3.so", "python3.13", false),
            ("a.b/x.so", "python3.13", false),
            ("libx.so.1", "python3.13", false),
            ("a/x.cpython-312-x86_64-linux-gnu.so", "nodejs22.x", false),
        ] {
            assert_eq!(is_for_other_python(module, runtime), expected, "{module}");
        }
    }
}
