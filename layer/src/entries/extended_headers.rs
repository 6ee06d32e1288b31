//! The extended headers of pax and GNU: what they say of the entry after them, within bounds, and the entry
//! that comes of it and its own header.

use tar::{EntryType, Header, PaxExtensions};

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "names that say all need no comment here")]
pub struct Entry {
    /// Its path below the root, without `./` and without a slash at either end.
    pub path: String,
    pub kind: EntryKind,
    /// Its permissions, twelve bits.
    pub mode: u32,
    pub size: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "names that say all need no comment here")]
pub enum EntryKind {
    Directory,
    File,
    /// A link to a path, which need not exist.
    Symlink(String),
    /// Another name of an entry, by its path below the root.
    Hardlink(String),
    /// A device or a pipe.
    Special,
}

/// The longest name that is read: Linux takes no longer path (`PATH_MAX`).
const MAX_NAME_LENGTH: u64 = 4096;
/// The largest extended header; it has a name, a link's target and attributes.
const MAX_EXTENSION_SIZE: u64 = 1024 * 1024;

/// The most bytes that an extended header of this kind may have; none for what is an entry itself.
pub(super) fn max_extension_size(kind: EntryType) -> Option<u64> {
    match kind {
        // With the NUL at its end.
        EntryType::GNULongName | EntryType::GNULongLink => Some(MAX_NAME_LENGTH + 1),
        EntryType::XHeader | EntryType::XGlobalHeader => Some(MAX_EXTENSION_SIZE),
        _ => None,
    }
}

/// What extended headers said of the entry to come.
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
                    let pair = pair.map_err(|error| format!("a pax header: {error}"))?;
                    let value = pair.value_bytes();
                    match pair.key_bytes() {
                        b"path" => self.name = Some(value.to_vec()),
                        b"linkpath" => self.link = Some(value.to_vec()),
                        b"size" => {
                            let text = String::from_utf8_lossy(value);
                            let size = text.parse().map_err(|_| format!("the size `{text}`"))?;
                            self.size = Some(size);
                        }
                        key if key.starts_with(b"GNU.sparse.") => {
                            return Err("a sparse file, whose content is not in one piece".into());
                        }
                        _ => {}
                    }
                }
            }
            // About all entries to come: image builders leave comments there, and nothing that matters.
            _ => {}
        }
        Ok(())
    }

    /// The entry of `header` with what was said of it; none for the root itself.
    pub(super) fn entry(self, header: &Header, size: u64) -> Result<Option<Entry>, String> {
        if self.size.is_some_and(|declared| declared != size) {
            return Err("two headers of it say different sizes".into());
        }
        let name = self
            .name
            .unwrap_or_else(|| header.path_bytes().into_owned());
        let path = relative_path("its path", &name)?;
        let link = || {
            let link = self.link.clone();
            let link = link.or_else(|| header.link_name_bytes().map(|name| name.into_owned()));
            link.filter(|link| !link.is_empty())
                .ok_or_else(|| "a link without a target".to_owned())
        };
        let kind = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous => EntryKind::File,
            EntryType::Directory => EntryKind::Directory,
            EntryType::Symlink => EntryKind::Symlink(utf8_path("its target", &link()?)?),
            EntryType::Link => {
                EntryKind::Hardlink(relative_path("the target of its hard link", &link()?)?)
            }
            EntryType::Char | EntryType::Block | EntryType::Fifo => EntryKind::Special,
            EntryType::GNUSparse => {
                return Err("a sparse file, whose content is not in one piece".into());
            }
            other => return Err(format!("an entry of the unknown type {}", other.as_byte())),
        };
        if size > 0 && kind != EntryKind::File {
            return Err(format!("{size} bytes of content where there can be none"));
        }
        if path.is_empty() {
            return match kind {
                EntryKind::Directory => Ok(None),
                _ => Err("it has no name".into()),
            };
        }
        let mode = header.mode().map_err(|error| error.to_string())? & 0o7777;
        Ok(Some(Entry {
            path,
            kind,
            mode,
            size,
        }))
    }
}

/// A path that stays below the root.
fn relative_path(what: &str, bytes: &[u8]) -> Result<String, String> {
    let path = utf8_path(what, bytes)?;
    if path.starts_with('/') {
        return Err(format!("{what} is absolute"));
    }
    let parts: Vec<_> = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    if parts.contains(&"..") {
        return Err(format!("{what} has `..` in it"));
    }
    Ok(parts.join("/"))
}

/// A name that Linux takes. What is no UTF-8 in it is shown as such, and nothing is lost but its
/// exact spelling.
fn utf8_path(what: &str, bytes: &[u8]) -> Result<String, String> {
    if bytes.len() as u64 > MAX_NAME_LENGTH {
        return Err(format!("{what} is longer than {MAX_NAME_LENGTH} bytes"));
    }
    if bytes.contains(&0) {
        return Err(format!("{what} has a NUL in it"));
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}
