//! The files of a zip archive: each is read to its end, and its name, permissions, method and content are checked.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Read, copy};

use fs_err::File;
use zip::read::ZipFile;
use zip::result::ZipError;
use zip::{CompressionMethod, System, ZipArchive};

use super::finding::{Findings, Severity};
use super::layers::is_world_readable;
use super::rule::Rule;
use super::zip_native::NativeFiles;
use crate::entries::{Entry, EntryKind};
use crate::lambda::LAMBDA;

/// The program that Lambda starts.
pub(super) const BOOTSTRAP: &str = "bootstrap";

/// The bits of a Unix mode for the kind of a file, and their value for a link. Source: the manual page inode(7).
const S_IFMT: u32 = 0o170_000;
const S_IFLNK: u32 = 0o120_000;

/// Linux's `PATH_MAX`, in bytes: the longest target of a link.
const MAX_TARGET_BYTES: u64 = 4096;

#[derive(Default)]
pub(super) struct ZipFiles {
    unsafe_paths: Vec<String>,
    /// Paths with parts that extracting leaves out, such as `./bootstrap`.
    unusual_paths: Vec<String>,
    unreadable: Vec<String>,
    unsupported_methods: Vec<String>,
    uncompressed_bytes: u64,
    /// The paths to which files are extracted.
    pub(super) names: BTreeSet<String>,
    /// Those of `names` that are folders.
    folders: BTreeSet<String>,
    duplicates: Vec<String>,
    /// The files as they are extracted, with the index of each in the archive.
    pub(super) entries: Vec<(usize, Entry)>,
    bootstrap_defects: Vec<String>,
    pub(super) native_files: NativeFiles,
}

impl ZipFiles {
    /// Checks a file and reads it to its end.
    pub(super) fn check_file(&mut self, archive: &mut ZipArchive<File>, index: usize, findings: &mut Findings) {
        let name = archive.name_for_index(index);
        let name = name.and_then(std::result::Result::ok);
        let name = name.map_or_else(|| format!("file {index}"), Cow::into_owned);
        let Some(path) = self.check_name(&name) else {
            return;
        };
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
        self.check_mode(&file, index, path);
        let method = file.compression();
        if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
            self.unsupported_methods.push(format!("{name} ({method})"));
            // The crate `zip` cannot read it either.
            return;
        }
        self.check_content(&mut file, &name, findings);
    }

    /// Returns the path to which a file is extracted; none for the root itself.
    fn check_name(&mut self, name: &str) -> Option<String> {
        let path = match extracted_path(name) {
            Some(path) if path.is_empty() => return None,
            Some(path) => {
                if name.strip_suffix('/').unwrap_or(name) != path {
                    self.unusual_paths.push(name.to_owned());
                }
                path
            }
            None => {
                self.unsafe_paths.push(name.to_owned());
                name.trim_end_matches('/').to_owned()
            }
        };
        // Extracting a folder twice changes nothing.
        let is_new = self.names.insert(path.clone());
        let is_folder = name.ends_with('/') && self.folders.contains(&path);
        if name.ends_with('/') {
            self.folders.insert(path.clone());
        }
        if !is_new && !is_folder {
            self.duplicates.push(name.to_owned());
        }
        Some(path)
    }

    fn check_mode(&mut self, file: &ZipFile<'_, File>, index: usize, path: String) {
        let unix = matches!(file.system(), System::Unix | System::OsDarwin);
        let mode = match unix {
            true => file.external_attributes() >> 16,
            false => file.unix_mode().unwrap_or(0),
        };
        let kind = match (file.is_dir(), mode & S_IFMT) {
            (true, _) => EntryKind::Directory,
            (_, S_IFLNK) => EntryKind::Symlink(String::new()),
            _ => EntryKind::File,
        };
        let is_link = matches!(kind, EntryKind::Symlink(_));
        if unix && !is_link && !is_world_readable(file.is_dir(), mode) {
            self.unreadable.push(format!("{path} (mode {:04o})", mode & 0o7777));
        }
        let is_bootstrap = path == BOOTSTRAP;
        let entry = Entry {
            path,
            kind,
            mode: mode & 0o7777,
            size: file.size(),
            ..Entry::default()
        };
        self.entries.push((index, entry));
        if !is_bootstrap {
            return;
        }
        if !unix {
            let origin = match file.system() {
                System::Dos | System::WindowsNTFS | System::VFAT => "Windows or DOS",
                _ => "another system than Unix",
            };
            let found = format!("was added by a program for {origin}, without Unix permissions");
            self.bootstrap_defects.push(found);
        } else if mode & 0o005 != 0o005 && !is_link && !file.is_dir() {
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
        self.native_files.add(name, &start);
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

    pub(super) fn bootstrap_mode(&self, findings: &mut Findings) {
        for defect in &self.bootstrap_defects {
            findings.error(Rule::ZipBootstrap, format!("`bootstrap` {defect}"));
        }
    }

    /// The paths of the files, without folders.
    pub(super) fn file_names(&self) -> impl Iterator<Item = &str> {
        self.names.difference(&self.folders).map(String::as_str)
    }

    /// Adds names that the archive lists more than once.
    pub(super) fn add_repeated(&mut self, names: BTreeSet<String>) {
        self.duplicates
            .extend(names.into_iter().filter(|name| !name.ends_with('/')));
    }

    pub(super) fn report(&self, findings: &mut Findings) {
        if self.file_names().next().is_none() {
            findings.warning(Rule::ZipIntact, "it has only folders");
        }
        findings.error_for_items(Rule::ZipPaths, &self.unsafe_paths, "");
        let suffix = ", with empty parts or `.`; extracting leaves these out";
        findings.for_items(Rule::ZipPaths, Severity::Warning, &self.unusual_paths, suffix);
        findings.error_for_items(Rule::ZipPaths, &self.duplicates, " more than once");
        findings.error_for_items(Rule::ZipReadable, &self.unreadable, "");
        findings.error_for_items(Rule::ZipMethods, &self.unsupported_methods, "");
        let limit = LAMBDA.zip_uncompressed_bytes;
        if self.uncompressed_bytes > limit {
            let found = format!("it has more than {limit} bytes uncompressed");
            findings.error(Rule::ZipUncompressedSize, found);
        }
    }
}

/// The path below the folder into which a file is extracted: empty for the folder itself, and none if it leads out of
/// it or is not the same on all operating systems.
fn extracted_path(name: &str) -> Option<String> {
    if name.starts_with('/') || name.contains(['\\', '\0']) {
        return None;
    }
    let parts = name.split('/').filter(|part| !matches!(*part, "" | "."));
    let parts: Vec<_> = parts.collect();
    (!parts.contains(&"..")).then(|| parts.join("/"))
}
