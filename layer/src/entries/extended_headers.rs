//! The extended headers of pax and GNU, and the entry that follows from them and its own header.

use std::borrow::Cow;

use tar::{EntryType, Header};

use super::pax;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct Entry {
    /// Relative to the root, without `./` and without a slash at either end.
    pub path: String,
    pub kind: EntryKind,
    /// The permissions, setuid, setgid and sticky bits.
    pub mode: u32,
    /// The size in bytes, with the holes of a sparse file.
    pub size: u64,
    /// The names of extended attributes, such as `security.capability`.
    pub attributes: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub enum EntryKind {
    Directory,
    #[default]
    File,
    /// The target, which need not exist.
    Symlink(String),
    /// The target, relative to the root.
    Hardlink(String),
    /// A device or a pipe.
    Special,
}

/// Linux's `PATH_MAX`, in bytes.
const MAX_NAME_LENGTH: u64 = 4096;
/// The maximum size in bytes. An extended header has a name, a link's target and attributes.
const MAX_EXTENSION_SIZE: u64 = 1024 * 1024;

/// The most bytes of an extended header of this kind; none if `kind` is not an extended header.
pub(super) fn max_extension_size(kind: EntryType) -> Option<u64> {
    match kind {
        // With the trailing NUL.
        EntryType::GNULongName | EntryType::GNULongLink => Some(MAX_NAME_LENGTH + 1),
        EntryType::XHeader | EntryType::XGlobalHeader => Some(MAX_EXTENSION_SIZE),
        _ => None,
    }
}

/// The values of extended headers for the next entry.
#[derive(Default)]
pub(super) struct ExtendedHeaders {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    attributes: Vec<String>,
    pub(super) sparse: PaxSparse,
    is_pending: bool,
}

/// The pax records of a sparse file.
#[derive(Default)]
pub(super) struct PaxSparse {
    /// The size in bytes with holes.
    pub(super) real_size: Option<u64>,
    /// Offsets and lengths, in formats 0.0 and 0.1.
    pub(super) segments: Vec<(u64, u64)>,
    /// Format 1.0.
    pub(super) has_map_in_content: bool,
    /// The file's own name; the entry has another one for readers without sparse files.
    name: Option<Vec<u8>>,
    /// The offset of the next segment, in format 0.0.
    offset: u64,
}

impl ExtendedHeaders {
    pub(super) fn is_pending(&self) -> bool {
        self.is_pending
    }

    pub(super) fn apply(&mut self, kind: EntryType, bytes: &[u8]) -> Result<(), String> {
        let trimmed = || bytes.strip_suffix(b"\0").unwrap_or(bytes).to_vec();
        // A global header is not for the next entry; image builders write only comments there.
        self.is_pending |= kind != EntryType::XGlobalHeader;
        match kind {
            EntryType::GNULongName => self.name = Some(trimmed()),
            EntryType::GNULongLink => self.link = Some(trimmed()),
            EntryType::XHeader => {
                for (key, value) in pax::records(bytes)? {
                    self.apply_record(&key, value)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn apply_record(&mut self, key: &str, value: Vec<u8>) -> Result<(), String> {
        // POSIX: an empty value removes the record of a global header.
        if value.is_empty() {
            return Ok(());
        }
        if let Some(key) = key.strip_prefix("GNU.sparse.") {
            return self.sparse.apply_record(key, value);
        }
        // Go writes the first prefix, libarchive both.
        let prefixes = ["SCHILY.xattr.", "LIBARCHIVE.xattr."];
        if let Some(attribute) = prefixes.iter().find_map(|prefix| key.strip_prefix(prefix)) {
            if !self.attributes.iter().any(|known| known == attribute) {
                self.attributes.push(attribute.to_owned());
            }
            return Ok(());
        }
        match key {
            "path" => self.name = Some(value),
            "linkpath" => self.link = Some(value),
            "size" => self.size = Some(number(&value)?),
            _ => {}
        }
        Ok(())
    }

    /// The entry of `header` with the values of the extended headers, and the bytes of its content in the archive; none
    /// for the root itself.
    pub(super) fn entry(&self, header: &Header) -> Result<Option<(Entry, u64)>, String> {
        let name = self.sparse.name.clone().or_else(|| self.name.clone());
        let name = name.unwrap_or_else(|| header.path_bytes().into_owned());
        let path = relative_path("its path", &name)?;
        let link = || {
            let link = self.link.clone();
            let link = link.or_else(|| header.link_name_bytes().map(Cow::into_owned));
            link.filter(|link| !link.is_empty())
                .ok_or_else(|| "it is a link without a target".to_owned())
        };
        let kind = match header.entry_type() {
            // V7 has no type for folders.
            EntryType::Regular if name.ends_with(b"/") => EntryKind::Directory,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => EntryKind::File,
            EntryType::Directory => EntryKind::Directory,
            EntryType::Symlink => EntryKind::Symlink(utf8_path("its target", &link()?)?),
            EntryType::Link => EntryKind::Hardlink(relative_path("the target of its hard link", &link()?)?),
            EntryType::Char | EntryType::Block | EntryType::Fifo => EntryKind::Special,
            other => return Err(format!("its type {} is unknown", other.as_byte())),
        };
        if path.is_empty() {
            return match kind {
                EntryKind::Directory => Ok(None),
                _ => Err("it has no name".into()),
            };
        }
        let failed = |error: std::io::Error| error.to_string();
        // Like Go's reader: only files have content, whatever the header of a link or folder says.
        let size = match (&kind, self.size) {
            (EntryKind::File, Some(size)) => size,
            (EntryKind::File, None) if is_blank(&header.as_old().size) => 0,
            (EntryKind::File, None) => header.entry_size().map_err(failed)?,
            _ => 0,
        };
        let mode = match is_blank(&header.as_old().mode) {
            true => 0,
            false => header.mode().map_err(failed)?,
        };
        let entry = Entry {
            path,
            kind,
            mode: mode & 0o7777,
            size,
            attributes: self.attributes.clone(),
        };
        Ok(Some((entry, size)))
    }
}

impl PaxSparse {
    /// `key` is without the prefix `GNU.sparse.`.
    fn apply_record(&mut self, key: &str, value: Vec<u8>) -> Result<(), String> {
        match key {
            "major" => self.has_map_in_content = number(&value)? == 1,
            "name" => self.name = Some(value),
            "size" | "realsize" => self.real_size = Some(number(&value)?),
            "offset" => self.offset = number(&value)?,
            "numbytes" => self.segments.push((self.offset, number(&value)?)),
            "map" => {
                let numbers = value.split(|byte| *byte == b',').map(number);
                let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
                let (pairs, rest) = numbers.as_chunks();
                if !rest.is_empty() {
                    return Err("the map of a sparse file is incomplete".into());
                }
                self.segments = pairs.iter().map(|[offset, length]| (*offset, *length)).collect();
            }
            // `minor` and `numblocks` are not needed.
            _ => {}
        }
        Ok(())
    }
}

/// Whether a field of a header has no number, which means 0 to Go's reader.
fn is_blank(field: &[u8]) -> bool {
    field.iter().all(|byte| matches!(byte, b' ' | 0))
}

fn number(value: &[u8]) -> Result<u64, String> {
    let text = String::from_utf8_lossy(value);
    text.parse().map_err(|_| format!("invalid number `{text}`"))
}

/// The path from the root. As in containerd, a leading slash means the root, and `..` is resolved within the name.
/// Refuses a path that leads out of the root.
fn relative_path(what: &str, bytes: &[u8]) -> Result<String, String> {
    let path = utf8_path(what, bytes)?;
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                let out = || format!("{what} leads out of the root with `..`");
                parts.pop().ok_or_else(out)?;
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// Refuses a name that Linux does not accept. Invalid UTF-8 is replaced, so only the exact spelling is lost.
fn utf8_path(what: &str, bytes: &[u8]) -> Result<String, String> {
    if bytes.len() as u64 > MAX_NAME_LENGTH {
        return Err(format!("{what} is longer than {MAX_NAME_LENGTH} bytes"));
    }
    if bytes.contains(&0) {
        return Err(format!("{what} has a NUL in it"));
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}
