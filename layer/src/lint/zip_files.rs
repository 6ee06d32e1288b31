//! The files of a zip archive: each is read to its end, and its name, permissions, method and content are checked.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Read, copy};

use fs_err::File;
use object::elf;
use zip::read::ZipFile;
use zip::result::ZipError;
use zip::{CompressionMethod, System, ZipArchive};

use super::finding::{Findings, Severity};
use super::layers::is_world_readable;
use super::rule::Rule;
use crate::entries::{Entry, EntryKind};
use crate::lambda::LAMBDA;
use crate::{Architecture, TargetArchitecture};

/// The program that Lambda starts.
pub(super) const BOOTSTRAP: &str = "bootstrap";

/// Linux's `PATH_MAX`, in bytes: the longest target of a link.
const MAX_TARGET_BYTES: u64 = 4096;

#[derive(Default)]
pub(super) struct ZipFiles {
    unsafe_paths: Vec<String>,
    unreadable: Vec<String>,
    unsupported_methods: Vec<String>,
    uncompressed_bytes: u64,
    pub(super) names: BTreeSet<String>,
    duplicates: Vec<String>,
    /// The files as they are extracted, with the index of each in the archive.
    pub(super) entries: Vec<(usize, Entry)>,
    bootstrap_defects: Vec<String>,
    /// Shared libraries and modules that are not for Linux, with what they are.
    foreign: Vec<String>,
    /// Those for Linux, with their architectures.
    native: Vec<(String, TargetArchitecture)>,
}

impl ZipFiles {
    /// Checks a file and reads it to its end.
    pub(super) fn check_file(&mut self, archive: &mut ZipArchive<File>, index: usize, findings: &mut Findings) {
        let name = archive.name_for_index(index);
        let name = name.and_then(std::result::Result::ok);
        let name = name.map_or_else(|| format!("file {index}"), Cow::into_owned);
        let mut file = match archive.by_index(index) {
            Ok(file) => file,
            Err(ZipError::UnsupportedArchive(_) | ZipError::InvalidPassword) => {
                self.unsupported_methods.push(name);
                return;
            }
            Err(error) => {
                findings.error(Rule::ZipIntact, format!("`{name}`: {error}"));
                return;
            }
        };
        if !self.names.insert(name.trim_end_matches('/').to_owned()) {
            self.duplicates.push(name.clone());
        }
        if !is_safe_path(&name) {
            self.unsafe_paths.push(name.clone());
        }
        self.check_mode(&file, index, &name);
        let method = file.compression();
        if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
            self.unsupported_methods.push(format!("{name} ({method})"));
            // The crate `zip` cannot read it either.
            return;
        }
        self.check_content(&mut file, &name, findings);
    }

    fn check_mode(&mut self, file: &ZipFile<'_, File>, index: usize, name: &str) {
        let unix = file.system() == System::Unix;
        let mode = file.unix_mode().unwrap_or(0);
        if unix && !file.is_symlink() && !is_world_readable(file.is_dir(), mode) {
            self.unreadable.push(format!("{name} (mode {:04o})", mode & 0o7777));
        }
        let kind = match (file.is_dir(), file.is_symlink()) {
            (true, _) => EntryKind::Directory,
            (_, true) => EntryKind::Symlink(String::new()),
            _ => EntryKind::File,
        };
        let entry = Entry {
            path: name.trim_end_matches('/').to_owned(),
            kind,
            mode: mode & 0o7777,
            size: file.size(),
            ..Entry::default()
        };
        self.entries.push((index, entry));
        if name != BOOTSTRAP {
            return;
        }
        if !unix {
            let system = file.system();
            self.bootstrap_defects
                .push(format!("was added on {system:?}, without a Unix mode"));
        } else if mode & 0o005 != 0o005 && file.is_file() {
            self.bootstrap_defects.push(format!("has mode {:04o}", mode & 0o7777));
        }
        if file.is_dir() {
            self.bootstrap_defects.push("is not a file".into());
        }
    }

    /// Counts the content, and verifies its checksum and size. Reads the target of a link.
    fn check_content(&mut self, file: &mut ZipFile<'_, File>, name: &str, findings: &mut Findings) {
        let declared = file.size();
        // Stops decompressing once the archive exceeds Lambda's limit.
        let limit = LAMBDA.zip_uncompressed_bytes.saturating_sub(self.uncompressed_bytes) + 1;
        let mut content = file.take(limit);
        let mut start = Vec::new();
        let read = content.by_ref().take(MAX_TARGET_BYTES).read_to_end(&mut start);
        let copied = read.and_then(|read| Ok(read as u64 + copy(&mut content, &mut io::sink())?));
        self.check_native_file(name, &start);
        if let Some((_, entry)) = self.entries.last_mut()
            && let EntryKind::Symlink(target) = &mut entry.kind
        {
            *target = String::from_utf8_lossy(&start).into_owned();
        }
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
    }

    /// Notes what a shared library or a module of Python or Node.js is for, from its first bytes.
    fn check_native_file(&mut self, name: &str, start: &[u8]) {
        let file = name.rsplit('/').next().unwrap_or_default();
        let is_native = file.ends_with(".so") || file.ends_with(".node") || file.contains(".so.");
        match start {
            _ if !is_native => {}
            [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] => self.foreign.push(format!("{name} (Mach-O, for macOS)")),
            [b'M', b'Z', ..] => self.foreign.push(format!("{name} (PE, for Windows)")),
            // Little-endian ELF; the machine is at 18.
            [0x7f, b'E', b'L', b'F', _, 1, ..] if start.len() >= 20 => {
                let machine = elf::Machine(u16::from_le_bytes([start[18], start[19]]));
                self.native.push((name.to_owned(), machine.into()));
            }
            _ => {}
        }
    }

    pub(super) fn bootstrap_mode(&self, findings: &mut Findings) {
        for defect in &self.bootstrap_defects {
            findings.error(Rule::ZipBootstrap, format!("`bootstrap` {defect}"));
        }
    }

    /// Reports shared libraries and modules for other systems than the function's.
    pub(super) fn native_files(&self, wanted: Option<Architecture>, findings: &mut Findings) {
        findings.for_items(Rule::ZipNativeFiles, Severity::Warning, &self.foreign, "");
        let first = || self.native.iter().find_map(|(_, found)| found.supported());
        let Some(expected) = wanted.or_else(first) else {
            return;
        };
        let others = self.native.iter().filter(|(_, found)| *found != expected);
        let others: Vec<_> = others.map(|(name, found)| format!("{name} ({found})")).collect();
        let suffix = match wanted {
            Some(wanted) => format!(", for a function on {wanted}"),
            None => format!(", beside others for {expected}"),
        };
        findings.for_items(Rule::ZipNativeFiles, Severity::Warning, &others, &suffix);
    }

    pub(super) fn report(&mut self, has_duplicates: bool, findings: &mut Findings) {
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
