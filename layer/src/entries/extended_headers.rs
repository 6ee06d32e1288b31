//! The extended headers of pax and GNU, and the entry that follows from them and its own header.

use std::borrow::Cow;

use tar::{EntryType, Header, PaxExtensions};

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct Entry {
    /// Relative to the root, without `./` and without a slash at either end.
    pub path: String,
    pub kind: EntryKind,
    /// The permissions, setuid, setgid and sticky bits.
    pub mode: u32,
    pub size: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub enum EntryKind {
    Directory,
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
}

impl ExtendedHeaders {
    pub(super) fn is_pending(&self) -> bool {
        self.name.is_some() || self.link.is_some() || self.size.is_some()
    }

    pub(super) fn apply(&mut self, kind: EntryType, bytes: &[u8]) -> Result<(), String> {
        let trimmed = || bytes.strip_suffix(b"\0").unwrap_or(bytes).to_vec();
        match kind {
            EntryType::GNULongName => self.name = Some(trimmed()),
            EntryType::GNULongLink => self.link = Some(trimmed()),
            EntryType::XHeader => {
                for pair in PaxExtensions::new(bytes) {
                    let pair = pair.map_err(|error| format!("invalid pax header: {error}"))?;
                    let value = pair.value_bytes();
                    match pair.key_bytes() {
                        b"path" => self.name = Some(value.to_vec()),
                        b"linkpath" => self.link = Some(value.to_vec()),
                        b"size" => {
                            let text = String::from_utf8_lossy(value);
                            let size = text.parse();
                            let size = size.map_err(|_| format!("invalid size `{text}`"))?;
                            self.size = Some(size);
                        }
                        key if key.starts_with(b"GNU.sparse.") => {
                            return Err("a sparse file is not supported".into());
                        }
                        _ => {}
                    }
                }
            }
            // A global header: image builders write only comments there.
            _ => {}
        }
        Ok(())
    }

    /// The entry of `header` with the values of the extended headers; none for the root itself.
    pub(super) fn entry(self, header: &Header, size: u64) -> Result<Option<Entry>, String> {
        if self.size.is_some_and(|declared| declared != size) {
            return Err("its headers have different sizes".into());
        }
        let name = self.name.unwrap_or_else(|| header.path_bytes().into_owned());
        let path = relative_path("its path", &name)?;
        let link = || {
            let link = self.link.clone();
            let link = link.or_else(|| header.link_name_bytes().map(Cow::into_owned));
            link.filter(|link| !link.is_empty())
                .ok_or_else(|| "it is a link without a target".to_owned())
        };
        let kind = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous => EntryKind::File,
            EntryType::Directory => EntryKind::Directory,
            EntryType::Symlink => EntryKind::Symlink(utf8_path("its target", &link()?)?),
            EntryType::Link => EntryKind::Hardlink(relative_path("the target of its hard link", &link()?)?),
            EntryType::Char | EntryType::Block | EntryType::Fifo => EntryKind::Special,
            EntryType::GNUSparse => {
                return Err("a sparse file is not supported".into());
            }
            other => return Err(format!("its type {} is unknown", other.as_byte())),
        };
        if size > 0 && kind != EntryKind::File {
            return Err(format!("it has {size} bytes of content and is not a file"));
        }
        if path.is_empty() {
            return match kind {
                EntryKind::Directory => Ok(None),
                _ => Err("it has no name".into()),
            };
        }
        let mode = header.mode().map_err(|error| error.to_string())? & 0o7777;
        Ok(Some(Entry { path, kind, mode, size }))
    }
}

/// Refuses a path that leads out of the root.
fn relative_path(what: &str, bytes: &[u8]) -> Result<String, String> {
    let path = utf8_path(what, bytes)?;
    if path.starts_with('/') {
        return Err(format!("{what} is absolute"));
    }
    let parts: Vec<_> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        return Err(format!("{what} has `..` in it"));
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
