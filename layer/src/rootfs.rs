//! Unpacks an image from its verified blobs into a folder, for machines without a container engine. Links are followed
//! below the folder, as in a container. Nothing is written outside it: the crate `cap-std` refuses every path that leads
//! out of it.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, Permissions, PermissionsExt};
use fs_err as fs;

use crate::entries::{Entry, EntryKind};
use crate::links::{self, join};
use crate::merged_file_system::OPAQUE_WHITEOUT;
use crate::scan::{layer_origin, read_layer};
use crate::tree::WHITEOUT_PREFIX;
use crate::{Error, Layout, Result, atomic};

impl Layout {
    /// Unpacks all layers into the folder `path`, replacing an existing folder. Absolute links become relative ones, so
    /// that they lead to the same files as in a container. Devices and pipes are left out.
    ///
    /// # Errors
    /// A blob has another digest than its name, is not a layer, or has an entry that leads out of the folder.
    pub fn unpack(&self, path: &Path) -> Result<()> {
        let parent = path.parent().unwrap_or(Path::new("."));
        let partial = atomic::temporary_folder(parent)?;
        let folder = partial.path().join("root");
        fs::create_dir(&folder)?;
        let root = Dir::open_ambient_dir(&folder, ambient_authority()).map_err(Error::io("open", &folder))?;
        let source = self.source();
        let manifest = &self.image().documents.manifest;
        let mut folders = Vec::new();
        for (descriptor, layer) in manifest.layers().iter().zip(self.image().layers()) {
            let origin = layer_origin(source, &layer.digest);
            let mut layer = UnpackedLayer {
                root: &root,
                paths: BTreeSet::new(),
            };
            read_layer(source, descriptor, &mut |entry, content| {
                let written = layer.write_entry(entry, content);
                let path = written.map_err(|error| Error::RejectedEntry {
                    origin: origin.clone(),
                    entry: entry.path.clone(),
                    reason: error.to_string(),
                })?;
                if entry.kind == EntryKind::Directory {
                    folders.push((path, entry.mode));
                }
                Ok(())
            })?;
        }
        // Last, so that files can be written into read-only folders.
        for (path, mode) in folders.iter().rev() {
            // A later layer may have removed or replaced it.
            if is_folder(&root, path) {
                let set = root.set_permissions(path, Permissions::from_mode(mode | 0o700));
                set.map_err(Error::io("change the permissions of", &folder.join(path)))?;
            }
        }
        atomic::replace_folder(&folder, path, partial.path())
    }
}

/// A layer on top of those that are unpacked already.
struct UnpackedLayer<'a> {
    root: &'a Dir,
    /// The paths of its entries, without links.
    paths: BTreeSet<String>,
}

impl UnpackedLayer<'_> {
    /// Writes an entry, or removes what it hides; returns its path without links.
    fn write_entry(&mut self, entry: &Entry, content: &mut dyn Read) -> io::Result<String> {
        let root = self.root;
        let (folder, name) = self.real_parent(&entry.path)?;
        let path = join(&folder, name);
        if name == OPAQUE_WHITEOUT {
            if folder.is_empty() || is_folder(root, &folder) {
                self.clear_folder(&folder)?;
            }
            return Ok(path);
        }
        if let Some(hidden) = name.strip_prefix(WHITEOUT_PREFIX) {
            if matches!(hidden, "" | "." | "..") {
                return Err(io::Error::other("it is not a valid whiteout"));
            }
            remove(root, &join(&folder, hidden))?;
            return Ok(path);
        }
        if !folder.is_empty() {
            root.create_dir_all(&folder)?;
        }
        self.paths.insert(path.clone());
        if entry.kind == EntryKind::Directory && is_folder(root, &path) {
            return Ok(path);
        }
        remove(root, &path)?;
        match &entry.kind {
            EntryKind::File => {
                let mut options = OpenOptions::new();
                let mut file = root.open_with(&path, options.write(true).create_new(true))?;
                io::copy(content, &mut file)?;
                file.set_permissions(Permissions::from_mode(entry.mode & 0o777))?;
            }
            EntryKind::Symlink(target) => root.symlink_contents(target_below_root(&folder, target), &path)?,
            EntryKind::Hardlink(target) => {
                let (folder, name) = self.real_parent(target)?;
                root.hard_link(join(&folder, name), root, &path)?;
            }
            // Creating devices needs rights, and systems have their own in /dev.
            EntryKind::Special => {}
            EntryKind::Directory => root.create_dir(&path)?,
        }
        Ok(path)
    }

    /// The folder of a path, without links, and the last part of the path.
    fn real_parent<'a>(&self, path: &'a str) -> io::Result<(String, &'a str)> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = links::resolve(folder, |path| match self.root.symlink_metadata(path) {
            Ok(found) if found.is_symlink() => {
                let target = self.root.read_link_contents(path)?;
                Ok(Some(target.to_string_lossy().into_owned()))
            }
            Err(error) if !is_absent(&error) => Err(error),
            _ => Ok(None),
        })?;
        let folder = folder.ok_or_else(|| io::Error::other("its folder is behind too many links"))?;
        Ok((folder, name))
    }

    /// Removes what lower layers have in a folder.
    fn clear_folder(&self, folder: &str) -> io::Result<()> {
        let here = if folder.is_empty() { "." } else { folder };
        for entry in self.root.read_dir(here)? {
            let path = join(folder, &entry?.file_name().to_string_lossy());
            let below = format!("{path}/");
            let mut next = self.paths.range(below.clone()..);
            let has_own = next.next().is_some_and(|own| own.starts_with(&below));
            let is_own = self.paths.contains(&path);
            if has_own || (is_own && is_folder(self.root, &path)) {
                self.clear_folder(&path)?;
            } else if !is_own {
                remove(self.root, &path)?;
            }
        }
        Ok(())
    }
}

/// The target of a link in `folder`, which has no links: unchanged, or relative and below the root if it is absolute or
/// leads above the root.
fn target_below_root(folder: &str, target: &str) -> String {
    let mut depth = folder.split('/').filter(|part| !part.is_empty()).count();
    let mut parts = Vec::new();
    let mut is_changed = false;
    if target.starts_with('/') {
        parts = vec![".."; depth];
        (depth, is_changed) = (0, true);
    }
    for part in target.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match (part, depth) {
            ("..", 0) => {
                is_changed = true;
                continue;
            }
            ("..", _) => depth -= 1,
            _ => depth += 1,
        }
        parts.push(part);
    }
    match parts.is_empty() {
        _ if !is_changed => target.to_owned(),
        true => ".".to_owned(),
        false => parts.join("/"),
    }
}

fn is_folder(root: &Dir, path: &str) -> bool {
    root.symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

/// Whether nothing is at a path, or a file is above it.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn remove(root: &Dir, path: &str) -> io::Result<()> {
    match root.symlink_metadata(path) {
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => root.remove_dir_all(path),
        Ok(_) => root.remove_file(path),
    }
}

#[cfg(test)]
mod tests;
