//! The file system in which a program starts: files of an image or a zip archive, and those that a runtime has besides.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, copy};
use std::rc::Rc;

use super::file::ProgramFile;
use crate::entries::EntryKind;
use crate::merged_file_system::MergedFileSystem;
use crate::{Error, Result};

/// The part of a program in bytes that is read. Programs are smaller, but a sparse file may be of any size.
const MAX_PROGRAM_SIZE: u64 = 1024 * 1024 * 1024;
/// The maximum size in bytes of a text or cache that is read into memory.
const MAX_SMALL_FILE: u64 = 16 * 1024 * 1024;

/// Reads the contents of files.
pub(crate) trait Contents {
    /// Calls `visit` with the content of each of these files of a layer, in any order.
    fn visit(
        &self,
        layer: usize,
        paths: &BTreeSet<String>,
        visit: &mut dyn FnMut(&str, &mut dyn Read) -> Result<()>,
    ) -> Result<()>;
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    /// A folder or a device.
    Other,
    /// A file with its path without links, and its mode.
    File {
        path: String,
        mode: u32,
    },
    /// A file of the runtime. Its content is not known.
    Provided,
    /// A path in `/opt`, where Lambda has the files of layers, which are not known.
    InLayers,
}

/// Where Lambda extracts layers, without a leading slash.
const LAYERS_PREFIX: &str = "opt/";

pub(crate) struct Root<'a> {
    file_system: &'a MergedFileSystem,
    contents: &'a dyn Contents,
    /// The paths of the runtime's files; none for a complete image.
    provided: Option<BTreeSet<String>>,
    files: RefCell<BTreeMap<String, Rc<ProgramFile>>>,
}

impl<'a> Root<'a> {
    /// A complete file system.
    pub(crate) fn new(file_system: &'a MergedFileSystem, contents: &'a dyn Contents) -> Self {
        Self {
            file_system,
            contents,
            provided: None,
            files: RefCell::default(),
        }
    }

    /// Adds the files of a runtime, by their paths, and layers.
    pub(crate) fn on_runtime(self, provided: BTreeSet<String>) -> Self {
        Self {
            provided: Some(provided),
            ..self
        }
    }

    /// Follows links.
    pub(crate) fn find(&self, path: &str) -> Found {
        match self.file_system.resolve(path) {
            Some((_, entry)) if entry.kind == EntryKind::File => Found::File {
                path: entry.path.clone(),
                mode: entry.mode,
            },
            Some(_) => Found::Other,
            None => self.find_around(path).unwrap_or(Found::Nothing),
        }
    }

    /// What is at a path outside the files of an archive.
    fn find_around(&self, path: &str) -> Option<Found> {
        let provided = self.provided.as_ref()?;
        let path = self.file_system.real_path(path)?;
        if provided.contains(&format!("/{path}")) {
            return Some(Found::Provided);
        }
        path.starts_with(LAYERS_PREFIX).then_some(Found::InLayers)
    }

    /// The first folder above a path of [`Found::File`] that unprivileged users may not enter, and its mode.
    pub(super) fn closed_folder(&self, path: &str) -> Option<(&str, u32)> {
        self.file_system.closed_folder(path)
    }

    /// The file at a path of [`Found::File`].
    pub(crate) fn read(&self, path: &str) -> Result<Rc<ProgramFile>> {
        self.read_all([path.to_owned()].into())?;
        let files = self.files.borrow();
        let file = files.get(path).cloned();
        file.ok_or_else(|| Error::Other(format!("failed to read `{path}`: it is not in its layer")))
    }

    /// Reads many files at once, because each layer is decompressed from its start.
    pub(super) fn read_all(&self, mut paths: BTreeSet<String>) -> Result<()> {
        paths.retain(|path| !self.files.borrow().contains_key(path));
        self.visit(paths, &mut |path, content| {
            let file = tempfile::NamedTempFile::new().map_err(Error::io("create a file in", &std::env::temp_dir()))?;
            copy(&mut content.take(MAX_PROGRAM_SIZE), &mut file.as_file()).map_err(Error::io("write", file.path()))?;
            let read = ProgramFile::read(file.path())?;
            self.files.borrow_mut().insert(path.to_owned(), Rc::new(read));
            Ok(())
        })
    }

    /// The content of a small file such as the loader's cache; none if it is not there or too large.
    pub(super) fn small_file(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let Found::File { path, .. } = self.find(path) else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        self.visit([path.clone()].into(), &mut |_, content| {
            let read = content.take(MAX_SMALL_FILE + 1).read_to_end(&mut bytes);
            read.map_err(|error| Error::damaged(&path, error)).map(drop)
        })?;
        Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= MAX_SMALL_FILE))
    }

    fn visit(&self, paths: BTreeSet<String>, visit: &mut dyn FnMut(&str, &mut dyn Read) -> Result<()>) -> Result<()> {
        let mut layers: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for path in paths {
            if let Some((layer, _)) = self.file_system.resolve(&path) {
                layers.entry(layer).or_default().insert(path);
            }
        }
        for (layer, paths) in layers {
            self.contents.visit(layer, &paths, visit)?;
        }
        Ok(())
    }
}
