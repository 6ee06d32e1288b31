//! The files of a layer, before they are written: sorted, with every parent folder, and with one
//! place for modes. Refuses a path that comes twice, naming both sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Files by their path in the image.
#[derive(Clone, Debug, Default)]
pub struct FileTree {
    entries: BTreeMap<String, Entry>,
}

/// One file or folder.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Folder,
    File { content: Content, mode: Mode },
}

/// Who may do what with a file. Everything may be read by everybody, because Lambda runs a
/// function as a user without rights, and nothing may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 0644.
    Data,
    /// 0755.
    Program,
}

impl Mode {
    pub(crate) fn bits(self) -> u32 {
        match self {
            Self::Data => 0o644,
            Self::Program => 0o755,
        }
    }
}

/// What a file holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// What the file on disk holds when the layer is written.
    File(PathBuf),
    /// These bytes.
    Bytes {
        /// Where they come from, for errors.
        origin: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

impl Content {
    /// Bytes and where they come from.
    pub fn bytes(origin: &str, bytes: &[u8]) -> Self {
        Self::Bytes {
            origin: origin.to_owned(),
            bytes: bytes.to_owned(),
        }
    }

    fn origin(&self) -> String {
        match self {
            Self::File(path) => format!("`{}`", path.display()),
            Self::Bytes { origin, .. } => origin.clone(),
        }
    }
}

impl FileTree {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file at `path`, which is relative to the image's root, and the folders above it.
    pub fn add(&mut self, path: &str, content: Content, mode: Mode) -> Result<&mut Self> {
        let plain = |part: &str| !matches!(part, "" | "." | "..");
        if !path.split('/').all(plain) {
            return Err(Error::Path {
                path: path.to_owned(),
            });
        }
        for (end, _) in path.match_indices('/') {
            let folder = &path[..end];
            let there = self.entries.entry(folder.to_owned());
            if let Entry::File { content: first, .. } = there.or_insert(Entry::Folder) {
                return Err(Error::Duplicate {
                    path: folder.to_owned(),
                    first: first.origin(),
                    second: format!("the folder of {}", content.origin()),
                });
            }
        }
        if let Some(present) = self.entries.get(path) {
            let first = match present {
                Entry::Folder => "a folder".to_owned(),
                Entry::File { content, .. } => content.origin(),
            };
            return Err(Error::Duplicate {
                path: path.to_owned(),
                first,
                second: content.origin(),
            });
        }
        self.entries
            .insert(path.to_owned(), Entry::File { content, mode });
        Ok(self)
    }

    /// Adds every file below the folder `from` as data, at the same place below `path`.
    pub fn add_folder(&mut self, path: &str, from: &Path) -> Result<&mut Self> {
        let entries = fs::read_dir(from).map_err(Error::io("read the folder", from))?;
        for entry in entries {
            let file = entry.map_err(Error::io("read the folder", from))?.path();
            let Some(name) = file.file_name().and_then(|name| name.to_str()) else {
                return Err(Error::Path {
                    path: file.display().to_string(),
                });
            };
            let path = format!("{path}/{name}");
            if file.is_dir() {
                self.add_folder(&path, &file)?;
            } else {
                self.add(&path, Content::File(file), Mode::Data)?;
            }
        }
        Ok(self)
    }

    /// Files and folders by path; a folder comes before what is in it.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries
            .iter()
            .map(|(path, entry)| (path.as_str(), entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(origin: &str) -> Content {
        Content::bytes(origin, b"")
    }

    #[test]
    fn every_parent_folder_is_there_and_first() {
        let mut tree = FileTree::new();
        tree.add("var/task/bootstrap", content("a"), Mode::Program)
            .unwrap();
        tree.add("etc/b", content("b"), Mode::Data).unwrap();
        let paths: Vec<_> = tree.entries().map(|(path, _)| path).collect();
        assert_eq!(
            paths,
            ["etc", "etc/b", "var", "var/task", "var/task/bootstrap"]
        );
    }

    #[test]
    fn a_path_that_comes_twice_names_both_sources() {
        let mut tree = FileTree::new();
        tree.add("a/b", content("here"), Mode::Data).unwrap();
        let error = tree.add("a/b", content("there"), Mode::Data).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("from here and from there"), "{error}");
        assert!(tree.add("a", content("file"), Mode::Data).is_err());
        assert!(tree.add("a/b/c", content("below"), Mode::Data).is_err());
    }

    #[test]
    fn paths_that_leave_the_image_are_refused() {
        for path in ["/etc/passwd", "../a", "a/../b", "a//b", "", "a/"] {
            let error = FileTree::new()
                .add(path, content("x"), Mode::Data)
                .unwrap_err();
            assert!(matches!(error, Error::Path { .. }), "{path}");
        }
    }
}
