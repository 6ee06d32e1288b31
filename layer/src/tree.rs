//! The files of a layer before it is written: sorted, with all parent folders and normalized modes. Refuses duplicate
//! paths, and names both sources.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::{Error, Result};

/// The prefix of a file that hides the file of that name in the layers below. Source:
/// <https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts>.
pub(crate) const WHITEOUT_PREFIX: &str = ".wh.";

/// The files of a layer by their path in the image.
#[derive(Clone, Debug, Default)]
pub struct FileTree {
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Directory,
    File { content: Content, mode: Mode },
}

/// The permissions of a file. Every file is world-readable, because Lambda runs functions as an unprivileged user, and
/// writable only by its owner, root.
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

#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub enum Content {
    /// A file on disk, which is read when the layer is written.
    File(PathBuf),
    Bytes {
        /// The name of the source in errors.
        origin: String,
        bytes: Vec<u8>,
    },
}

impl Content {
    /// Errors call the source of the bytes `origin`.
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

#[expect(missing_docs, reason = "the names are self-explanatory")]
impl FileTree {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file and its parent folders. `path` is relative to the image's root.
    pub fn add(&mut self, path: &str, content: Content, mode: Mode) -> Result<&mut Self> {
        check_path(path)?;
        let duplicate = |path: &str, first: &str, second: &str| {
            Err(Error::Other(format!(
                "`{path}` is added twice, from {first} and from {second}; leave one out"
            )))
        };
        for (end, _) in path.match_indices('/') {
            let folder = &path[..end];
            let there = self.entries.entry(folder.to_owned());
            if let Entry::File { content: first, .. } = there.or_insert(Entry::Directory) {
                let second = format!("the folder of {}", content.origin());
                return duplicate(folder, &first.origin(), &second);
            }
        }
        if let Some(present) = self.entries.get(path) {
            let first = match present {
                Entry::Directory => "a folder".to_owned(),
                Entry::File { content, .. } => content.origin(),
            };
            return duplicate(path, &first, &content.origin());
        }
        self.entries.insert(path.to_owned(), Entry::File { content, mode });
        Ok(self)
    }

    /// Adds the file `from`: as a program if its owner may execute it, otherwise as data.
    pub fn add_file(&mut self, path: &str, from: &Path) -> Result<&mut Self> {
        let mode = match fs::metadata(from)?.permissions().mode() & 0o100 {
            0 => Mode::Data,
            _ => Mode::Program,
        };
        self.add(path, Content::File(from.to_owned()), mode)
    }

    /// Adds all files below the folder `from` as [`Self::add_file`] does, with their relative paths below `path`.
    pub fn add_folder(&mut self, path: &str, from: &Path) -> Result<&mut Self> {
        for entry in fs::read_dir(from)? {
            let file = entry?.path();
            let Some(name) = file.file_name().and_then(|name| name.to_str()) else {
                return Err(invalid_path(&file.display(), "it must be UTF-8"));
            };
            let path = format!("{path}/{name}");
            let found = fs::metadata(&file)?;
            if found.is_dir() {
                self.add_folder(&path, &file)?;
            } else if found.is_file() {
                self.add_file(&path, &file)?;
            } else {
                let path = file.display();
                let what = "is neither a file nor a folder; leave it out";
                return Err(Error::Other(format!("`{path}` {what}")));
            }
        }
        Ok(self)
    }

    pub fn add_tree(&mut self, other: Self) -> Result<&mut Self> {
        for (path, entry) in other.entries {
            if let Entry::File { content, mode } = entry {
                self.add(&path, content, mode)?;
            }
        }
        Ok(self)
    }

    /// The files by path, without folders.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Content)> {
        self.entries().filter_map(|(path, entry)| match entry {
            Entry::Directory => None,
            Entry::File { content, .. } => Some((path, content)),
        })
    }

    /// Files and folders, sorted by path, so that folders precede their contents.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_str(), entry))
    }
}

/// Refuses a path that leads out of the image, is not normalized, or is a whiteout.
fn check_path(path: &str) -> Result<()> {
    if path
        .split('/')
        .any(|part| matches!(part, "" | "." | "..") || part.contains('\0'))
    {
        return Err(invalid_path(&path, "it must be relative and without `..`"));
    }
    if path.split('/').any(|part| part.starts_with(WHITEOUT_PREFIX)) {
        let advice = "a name that begins with `.wh.` removes a file of the layers below";
        return Err(invalid_path(&path, advice));
    }
    Ok(())
}

fn invalid_path(path: &dyn Display, advice: &str) -> Error {
    Error::Other(format!("`{path}` is not a path inside an image; {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(origin: &str) -> Content {
        Content::bytes(origin, b"")
    }

    #[test]
    fn parent_folders_are_added_before_their_entries() {
        let mut tree = FileTree::new();
        tree.add("var/task/bootstrap", content("a"), Mode::Program).unwrap();
        tree.add("etc/b", content("b"), Mode::Data).unwrap();
        let paths: Vec<_> = tree.entries().map(|(path, _)| path).collect();
        assert_eq!(paths, ["etc", "etc/b", "var", "var/task", "var/task/bootstrap"]);
    }

    #[test]
    fn duplicate_path_names_both_sources() {
        let mut tree = FileTree::new();
        tree.add("a/b", content("here"), Mode::Data).unwrap();
        let error = tree.add("a/b", content("there"), Mode::Data).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("from here and from there"), "{error}");
        assert!(tree.add("a", content("file"), Mode::Data).is_err());
        assert!(tree.add("a/b/c", content("below"), Mode::Data).is_err());
    }

    #[test]
    fn paths_out_of_the_image_are_rejected() {
        let bad = ["/etc/passwd", "../a", "a/../b", "a//b", "", "a/", "a/.wh.b", "a\0b"];
        for path in bad {
            let error = FileTree::new()
                .add(path, content("x"), Mode::Data)
                .unwrap_err()
                .to_string();
            assert!(error.contains("not a path inside an image"), "{error}");
        }
    }

    #[test]
    fn named_pipe_is_rejected_without_blocking() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let error = FileTree::new().add_folder("x", folder.path()).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("neither a file nor a folder"), "{error}");
    }

    #[test]
    fn programs_in_a_folder_stay_programs() {
        let folder = tempfile::tempdir().unwrap();
        for (name, mode) in [("data", 0o640), ("other", 0o655), ("program", 0o700)] {
            let path = folder.path().join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let mut tree = FileTree::new();
        tree.add_folder("x", folder.path()).unwrap();
        let modes: Vec<_> = tree
            .entries()
            .filter_map(|(path, entry)| match entry {
                Entry::Directory => None,
                Entry::File { mode, .. } => Some((path, mode.bits())),
            })
            .collect();
        assert_eq!(modes, [("x/data", 0o644), ("x/other", 0o644), ("x/program", 0o755)]);
    }

    #[test]
    fn trees_are_merged() {
        let mut tree = FileTree::new();
        tree.add("a/b", content("b"), Mode::Data).unwrap();
        let mut other = FileTree::new();
        other.add("a/c", content("c"), Mode::Data).unwrap();
        tree.add_tree(other.clone()).unwrap();
        assert_eq!(tree.files().count(), 2);
        assert!(tree.add_tree(other).is_err());
    }
}
