//! The files of a tar archive by their paths, read in place.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Seek};

use fs_err::File;
use fs_err::os::unix::fs::FileExt;
use tar::Header;

use crate::compression::decompress;
use crate::document;
use crate::entries::{self, EntryKind};
use crate::program::describe_file;
use crate::scan::{LimitedReader, MAX_UNCOMPRESSED_BYTES, detect_compression};
use crate::{Compression, Error, Result};

/// The size of a tar header, in bytes.
const BLOCK_SIZE: u64 = 512;

/// Documents that engines find by their names. If they occurred twice, engines could read different ones.
const NAMED_DOCUMENTS: [&str; 3] = ["index.json", "manifest.json", "oci-layout"];

/// The files of an archive.
pub(super) struct ArchivedFiles {
    file: File,
    pub(super) origin: String,
    /// The position of each file's content.
    ranges: BTreeMap<String, FileRange>,
}

#[derive(Clone, Copy)]
pub(super) struct FileRange {
    offset: u64,
    pub(super) size: u64,
}

impl ArchivedFiles {
    /// Reads the archive in `file`, which errors call `origin`. If it is compressed, it is decompressed into a temporary
    /// file.
    pub(super) fn read(file: File, origin: String) -> Result<Self> {
        let file = decompressed(file, &origin)?;
        ensure_is_tar(&origin, &file)?;
        let ranges = file_ranges(&origin, &file)?;
        Ok(Self { file, origin, ranges })
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.ranges.keys().map(String::as_str)
    }

    pub(super) fn contains(&self, path: &str) -> bool {
        self.ranges.contains_key(path)
    }

    /// The place of a file. Some tools write `./` or `/` before the paths in `manifest.json`.
    pub(super) fn file_range(&self, path: &str) -> Result<FileRange> {
        let range = self.ranges.get(&resolve_path("", path)).copied();
        range.ok_or_else(|| Error::missing(&self.origin, format!("file `{path}`")))
    }

    pub(super) fn document(&self, path: &str) -> Result<Vec<u8>> {
        let mut section = self.section(self.file_range(path)?);
        document::read(&self.origin, path, &mut section)
    }

    pub(super) fn section(&self, range: FileRange) -> Section<'_> {
        Section {
            file: &self.file,
            at: range.offset,
            end: range.offset + range.size,
        }
    }
}

/// The tar archive in `file`, at its start.
fn decompressed(mut file: File, origin: &str) -> Result<File> {
    file.rewind()?;
    let mut start = Vec::new();
    file.by_ref().take(6).read_to_end(&mut start)?;
    let unsupported = match start.as_slice() {
        [0xfd, b'7', b'z', b'X', b'Z', 0] => Some("xz"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some("bzip2"),
        _ => None,
    };
    if let Some(program) = unsupported {
        let reason = format!("it is compressed with {program}, which is not supported; run `{program} -d` first");
        return Err(Error::damaged(origin, reason));
    }
    file.rewind()?;
    let compression = detect_compression(origin, &mut file)?;
    file.rewind()?;
    if compression == Compression::None {
        return Ok(file);
    }
    let mut content = LimitedReader {
        inner: decompress(BufReader::new(file), compression),
        left: MAX_UNCOMPRESSED_BYTES,
    };
    let folder = std::env::temp_dir();
    let temporary = tempfile::tempfile().map_err(Error::io("create a file in", &folder))?;
    let mut temporary = File::from_parts(temporary, folder);
    io::copy(&mut content, &mut temporary).map_err(|error| Error::damaged(origin, error))?;
    temporary.rewind()?;
    Ok(temporary)
}

/// Refuses a file that does not begin with a tar header, by what it is instead.
fn ensure_is_tar(origin: &str, mut file: &File) -> Result<()> {
    let mut start = Vec::new();
    file.take(BLOCK_SIZE).read_to_end(&mut start)?;
    file.rewind()?;
    let is_header = || {
        let header = Header::from_byte_slice(&start);
        // The checksum counts its own field as spaces. Source: POSIX.1-2017, pax, "ustar Interchange Format".
        let sum = start.iter().map(|byte| u32::from(*byte)).sum::<u32>();
        let field = start[148..156].iter().map(|byte| u32::from(*byte)).sum::<u32>();
        header
            .cksum()
            .is_ok_and(|expected| expected == sum - field + 8 * u32::from(b' '))
    };
    // Blocks of zeros end an archive, and can be all of it.
    if start.len() as u64 == BLOCK_SIZE && (start.iter().all(|byte| *byte == 0) || is_header()) {
        return Ok(());
    }
    let kind = describe_file(&start);
    Err(Error::Other(format!(
        "{origin} is neither a tar nor a zip archive, but {kind}; what is checked is an image, or the zip archive of a \
         function or a layer"
    )))
}

/// The position of each file's content in the archive, including those of links to files.
fn file_ranges(origin: &str, file: &File) -> Result<BTreeMap<String, FileRange>> {
    let mut ranges = BTreeMap::new();
    let mut links = Vec::new();
    entries::for_each(origin, file, &mut |entry, offset, _| {
        let rejected = |reason: &str| Error::RejectedEntry {
            origin: origin.to_owned(),
            entry: entry.path.clone(),
            reason: reason.to_owned(),
        };
        match &entry.kind {
            EntryKind::File => {
                let sparse = "it is a sparse file; write the archive without `tar --sparse`";
                let range = FileRange {
                    offset: offset.ok_or_else(|| rejected(sparse))?,
                    size: entry.size,
                };
                // Some tools write a layer again for each image that has it.
                let old = ranges.insert(entry.path.clone(), range);
                if old.is_some() && NAMED_DOCUMENTS.contains(&entry.path.as_str()) {
                    return Err(rejected("its path occurs twice"));
                }
            }
            EntryKind::Hardlink(target) => links.push((entry.path.clone(), target.clone())),
            // Docker writes a repeated layer as a link to the first one.
            EntryKind::Symlink(target) => {
                let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                links.push((entry.path.clone(), resolve_path(folder, target)));
            }
            EntryKind::Directory | EntryKind::Special => {}
        }
        Ok(())
    })?;
    for (path, target) in links {
        if let Some(range) = ranges.get(&target).copied() {
            ranges.entry(path).or_insert(range);
        }
    }
    Ok(ranges)
}

/// The path from the archive's root of `path` in `folder`. It need not exist.
fn resolve_path(folder: &str, path: &str) -> String {
    let below = if path.starts_with('/') { "" } else { folder };
    let mut parts = Vec::new();
    for part in below.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

pub(super) struct Section<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let limit = buffer.len().min(left);
        let count = self.file.read_at(&mut buffer[..limit], self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
