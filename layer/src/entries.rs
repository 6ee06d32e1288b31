//! The entries of a tar archive, read from anybody: names and sizes are bounded before anything is
//! kept, and what could lead out of the folder that it is unpacked into is refused by name. The
//! extended headers of pax and GNU are read here, because the crate `tar` holds them in memory
//! whole, however large they say they are.

use std::io::{self, Read};

use tar::{EntryType, Header, PaxExtensions};

use crate::{Error, Result};

/// The longest name that is read: Linux takes no longer path (`PATH_MAX`).
const LONGEST_NAME: u64 = 4096;
/// The largest extended header; it has a name, a link's target and attributes.
const LARGEST_EXTENSION: u64 = 1024 * 1024;
/// The most entries. An operating system with everything in it has some 500,000.
const MOST_ENTRIES: u64 = 2_000_000;

/// An entry of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path below the root, without `./` and without a slash at either end.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Its permissions, twelve bits.
    pub mode: u32,
    /// The size of its content in bytes.
    pub bytes: u64,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file with content.
    File,
    /// A link to a path, which need not exist.
    Symlink(String),
    /// Another name of an entry, by its path below the root.
    Hardlink(String),
    /// A device or a pipe.
    Special,
}

/// Calls `visit` for each entry of the archive, in order, with its content.
///
/// # Errors
/// The archive is none, is cut off, or is refused; or `visit` fails.
pub(crate) fn for_each(
    origin: &str,
    archive: impl Read,
    visit: &mut dyn FnMut(&Entry, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    let failed = |error: io::Error| Error::damaged(origin, error);
    let mut archive = tar::Archive::new(archive);
    let mut extensions = Extensions::default();
    let mut count = 0;
    for entry in archive.entries().map_err(failed)?.raw(true) {
        let mut entry = entry.map_err(failed)?;
        let header = entry.header().clone();
        let kind = header.entry_type();
        let name = shown(&header);
        let hostile = |reason: String| Error::Hostile {
            origin: origin.to_owned(),
            entry: name.clone(),
            reason,
        };
        count += 1;
        if count > MOST_ENTRIES {
            return Err(hostile(format!(
                "there are more than {MOST_ENTRIES} entries"
            )));
        }
        if let Some(what) = Extension::of(kind) {
            let most = what.most();
            if entry.size() > most {
                let size = entry.size();
                return Err(hostile(format!("an extended header of {size} bytes")));
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(failed)?;
            extensions.take(what, &bytes).map_err(hostile)?;
            continue;
        }
        let found = std::mem::take(&mut extensions)
            .entry(&header, entry.size())
            .map_err(hostile)?;
        if let Some(found) = found {
            visit(&found, &mut entry)?;
        }
    }
    if extensions.any() {
        return Err(Error::damaged(origin, "it ends after an extended header"));
    }
    Ok(())
}

/// The name in a header as errors show it.
fn shown(header: &Header) -> String {
    let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
    name.chars().take(120).collect()
}

/// A header that says something about the entry after it.
#[derive(Clone, Copy)]
enum Extension {
    LongName,
    LongLink,
    Pax,
    /// About all entries after it. Image builders leave comments there, and nothing that matters.
    Global,
}

impl Extension {
    fn of(kind: EntryType) -> Option<Self> {
        match kind {
            EntryType::GNULongName => Some(Self::LongName),
            EntryType::GNULongLink => Some(Self::LongLink),
            EntryType::XHeader => Some(Self::Pax),
            EntryType::XGlobalHeader => Some(Self::Global),
            _ => None,
        }
    }

    fn most(self) -> u64 {
        match self {
            // With the NUL at its end.
            Self::LongName | Self::LongLink => LONGEST_NAME + 1,
            Self::Pax | Self::Global => LARGEST_EXTENSION,
        }
    }
}

/// What extended headers said of the entry to come.
#[derive(Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Extensions {
    fn any(&self) -> bool {
        self.name.is_some() || self.link.is_some() || self.size.is_some()
    }

    fn take(&mut self, what: Extension, bytes: &[u8]) -> Result<(), String> {
        let trimmed = || bytes.strip_suffix(b"\0").unwrap_or(bytes).to_vec();
        match what {
            Extension::LongName => self.name = Some(trimmed()),
            Extension::LongLink => self.link = Some(trimmed()),
            Extension::Global => {}
            Extension::Pax => {
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
        }
        Ok(())
    }

    /// The entry of `header` with what was said of it; none for the root itself.
    fn entry(self, header: &Header, bytes: u64) -> Result<Option<Entry>, String> {
        if self.size.is_some_and(|size| size != bytes) {
            return Err("two headers of it say different sizes".into());
        }
        let name = self
            .name
            .unwrap_or_else(|| header.path_bytes().into_owned());
        let path = inside("its path", &name)?;
        let link = || {
            let link = self.link.clone();
            let link = link.or_else(|| header.link_name_bytes().map(|name| name.into_owned()));
            link.filter(|link| !link.is_empty())
                .ok_or_else(|| "a link without a target".to_owned())
        };
        let kind = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::Directory => Kind::Folder,
            EntryType::Symlink => Kind::Symlink(text("its target", &link()?)?),
            EntryType::Link => Kind::Hardlink(inside("the target of its hard link", &link()?)?),
            EntryType::Char | EntryType::Block | EntryType::Fifo => Kind::Special,
            EntryType::GNUSparse => {
                return Err("a sparse file, whose content is not in one piece".into());
            }
            other => return Err(format!("an entry of the unknown type {}", other.as_byte())),
        };
        if bytes > 0 && kind != Kind::File {
            return Err(format!("{bytes} bytes of content where there can be none"));
        }
        if path.is_empty() {
            let root = kind == Kind::Folder;
            return if root {
                Ok(None)
            } else {
                Err("it has no name".into())
            };
        }
        let mode = header.mode().map_err(|error| error.to_string())? & 0o7777;
        Ok(Some(Entry {
            path,
            kind,
            mode,
            bytes,
        }))
    }
}

/// A path that stays below the root.
fn inside(what: &str, bytes: &[u8]) -> Result<String, String> {
    let path = text(what, bytes)?;
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
fn text(what: &str, bytes: &[u8]) -> Result<String, String> {
    if bytes.len() as u64 > LONGEST_NAME {
        return Err(format!("{what} is longer than {LONGEST_NAME} bytes"));
    }
    if bytes.contains(&0) {
        return Err(format!("{what} has a NUL in it"));
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A tar entry whose name is taken as it is, which the crate `tar` would refuse to write.
    pub(crate) fn raw(kind: EntryType, name: &[u8], link: &[u8], content: &[u8]) -> Vec<u8> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        let gnu = header.as_gnu_mut().unwrap();
        gnu.name[..name.len()].copy_from_slice(name);
        gnu.linkname[..link.len()].copy_from_slice(link);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }

    fn entries(archive: &[u8]) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        for_each("the test", archive, &mut |entry, _| {
            found.push(entry.clone());
            Ok(())
        })?;
        Ok(found)
    }

    fn refused(archive: &[u8], reason: &str) {
        let error = entries(archive).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn names_lose_what_means_nothing() {
        let archive = raw(EntryType::Directory, b"./", b"", b"");
        assert_eq!(entries(&archive).unwrap(), []);
        let archive = raw(EntryType::Directory, b"./a//b/", b"", b"");
        assert_eq!(entries(&archive).unwrap()[0].path, "a/b");
    }

    #[test]
    fn what_leads_out_is_refused_by_name() {
        let file = |name: &[u8]| raw(EntryType::Regular, name, b"", b"x");
        refused(&file(b"/etc/passwd"), "`/etc/passwd`: its path is absolute");
        refused(&file(b"a/../../b"), "`a/../../b`: its path has `..` in it");
        let link = |target: &[u8]| raw(EntryType::Link, b"a", target, b"");
        refused(&link(b"/etc/shadow"), "its hard link is absolute");
        refused(&link(b"../b"), "its hard link has `..`");
        refused(&link(b""), "a link without a target");
        refused(&file(b""), "it has no name");
    }

    #[test]
    fn extended_headers_name_the_entry_after_them() {
        let long = "n".repeat(200);
        let mut archive = raw(
            EntryType::GNULongName,
            b"././@LongLink",
            b"",
            format!("{long}\0").as_bytes(),
        );
        archive.extend(raw(EntryType::Regular, b"short", b"", b"x"));
        let pax = b"17 path=pax/name\n";
        archive.extend(raw(EntryType::XHeader, b"x", b"", pax));
        archive.extend(raw(EntryType::Regular, b"short", b"", b"xy"));
        archive.extend(raw(EntryType::Regular, b"plain", b"", b""));
        let found = entries(&archive).unwrap();
        let names: Vec<_> = found.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(names, [long.as_str(), "pax/name", "plain"]);
        assert_eq!(found[1].bytes, 2);
    }

    #[test]
    fn bombs_in_extended_headers_are_refused() {
        let huge = vec![b'n'; 5000];
        refused(
            &raw(EntryType::GNULongName, b"bomb", b"", &huge),
            "`bomb`: an extended header of 5000 bytes",
        );
        let mut sparse = raw(EntryType::XHeader, b"x", b"", b"22 GNU.sparse.major=1\n");
        sparse.extend(raw(EntryType::Regular, b"s", b"", b""));
        refused(&sparse, "a sparse file");
        let mut sizes = raw(EntryType::XHeader, b"x", b"", b"13 size=9999\n");
        sizes.extend(raw(EntryType::Regular, b"s", b"", b"x"));
        refused(&sizes, "different sizes");
    }

    #[test]
    fn an_archive_that_is_cut_off_is_damaged() {
        let mut archive = raw(EntryType::Regular, b"a", b"", &[1; 2000]);
        archive.truncate(1000);
        let mut read = 0;
        let result = for_each("the test", archive.as_slice(), &mut |_, content| {
            read = io::copy(content, &mut io::sink()).unwrap_or_default();
            Ok(())
        });
        assert!(result.is_err(), "{read} bytes were read");
        refused(
            &raw(EntryType::XHeader, b"x", b"", b"17 path=pax/name\n"),
            "ends after",
        );
        refused(&[1; 512], "damaged");
    }
}
