//! The file system of an image as a process sees it: all layers merged, with whiteouts applied and links resolved.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use crate::entries::{Entry, EntryKind};
use crate::links::{self, MAX_SYMLINKS};
use crate::tree::WHITEOUT_PREFIX;

/// The name of a file that hides the contents of its folder in the layers below.
pub(crate) const OPAQUE_WHITEOUT: &str = ".wh..wh..opq";

/// The entries by path, with the numbers of their layers.
#[derive(Debug, Default)]
pub(crate) struct MergedFileSystem(BTreeMap<String, (usize, Entry)>);

impl MergedFileSystem {
    /// Merges layers, the lowest first.
    pub(crate) fn from_layers<'a>(layers: impl Iterator<Item = &'a [Entry]>) -> Self {
        let mut merged = Self::default();
        for (number, entries) in layers.enumerate() {
            merged.add_layer(number, entries);
        }
        merged
    }

    /// Adds a layer above the others.
    pub(crate) fn add_layer(&mut self, number: usize, entries: &[Entry]) {
        let mut real_folders = HashMap::new();
        for entry in entries {
            let (folder, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
            let real_folder = real_folders
                .entry(folder)
                .or_insert_with(|| self.real_path(folder).unwrap_or_else(|| folder.to_owned()));
            let folder = match real_folder.as_str() {
                "" => String::new(),
                folder => format!("{folder}/"),
            };
            if self.add(number, entry, &folder, name) {
                real_folders.clear();
            }
        }
    }

    /// Whether there is an entry at `path`, which may be a link to nowhere.
    pub(crate) fn has_entry(&self, path: &str) -> bool {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = self.real_path(folder).unwrap_or_default();
        self.0.contains_key(format!("{folder}/{name}").trim_start_matches('/'))
    }

    /// Whether something is below the folder `path`, even if it has no entry of its own.
    pub(crate) fn has_folder(&self, path: &str) -> bool {
        let prefix = format!("{}/", path.trim_matches('/'));
        let next = self.0.range(prefix.clone()..).next();
        next.is_some_and(|(path, _)| path.starts_with(&prefix))
    }

    /// All entries by their paths without links.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(path, (_, entry))| (path.as_str(), entry))
    }

    /// The names of what is directly in a folder, except folders.
    pub(crate) fn files_in(&self, folder: &str) -> Vec<String> {
        let prefix = format!("{}/", self.real_path(folder).unwrap_or_default());
        let below = self.0.range(prefix.clone()..);
        let below = below.map_while(|(path, (_, entry))| Some((path.strip_prefix(&prefix)?, entry)));
        let files = below.filter(|(name, entry)| !name.contains('/') && entry.kind != EntryKind::Directory);
        files.map(|(name, _)| name.to_owned()).collect()
    }

    /// Whether something is below a folder of that name, wherever it is.
    pub(crate) fn has_folder_named(&self, name: &str) -> bool {
        let part = format!("/{name}/");
        self.0.keys().any(|path| path.contains(&part))
    }

    /// Adds an entry to a folder, which is followed by a slash. Engines follow the links of lower layers to the folder.
    /// Returns whether folders may have other places now.
    fn add(&mut self, layer: usize, entry: &Entry, folder: &str, name: &str) -> bool {
        if name == OPAQUE_WHITEOUT {
            self.remove_with_prefix(folder, Some(layer));
            return true;
        }
        if let Some(hidden) = name.strip_prefix(WHITEOUT_PREFIX) {
            let hidden = format!("{folder}{hidden}");
            self.remove_with_prefix(&format!("{hidden}/"), None);
            self.0.remove(&hidden);
            return true;
        }
        let path = format!("{folder}{name}");
        if entry.kind != EntryKind::Directory {
            self.remove_with_prefix(&format!("{path}/"), None);
        }
        let is_link = |entry: &Entry| matches!(entry.kind, EntryKind::Symlink(_));
        let old = self.0.insert(path, (layer, entry.clone()));
        is_link(entry) || old.is_some_and(|(_, old)| is_link(&old))
    }

    /// Removes all paths with `prefix`, except those from the layer `except`.
    fn remove_with_prefix(&mut self, prefix: &str, except: Option<usize>) {
        let below = self.0.range(prefix.to_owned()..);
        let below = below.take_while(|(path, _)| path.starts_with(prefix));
        let gone: Vec<_> = below
            .filter(|(_, (layer, _))| Some(*layer) != except)
            .map(|(path, _)| path.clone())
            .collect();
        for path in gone {
            self.0.remove(&path);
        }
    }

    /// Follows links; returns the entry and the number of its layer.
    pub(crate) fn resolve(&self, path: &str) -> Option<(usize, &Entry)> {
        let mut path = self.real_path(path)?;
        for _ in 0..MAX_SYMLINKS {
            let (layer, entry) = self.0.get(&path)?;
            match &entry.kind {
                // A hard link's content is in the entry of its target.
                EntryKind::Hardlink(target) => path = self.real_path(target)?,
                _ => return Some((*layer, entry)),
            }
        }
        None
    }

    /// The first folder above a path without links that unprivileged users may not enter, and its mode.
    pub(crate) fn closed_folder(&self, path: &str) -> Option<(&str, u32)> {
        let ends = path.match_indices('/').map(|(end, _)| end);
        let mut folders = ends.filter_map(|end| self.0.get(&path[..end]));
        let found = folders.find(|(_, entry)| entry.kind == EntryKind::Directory && entry.mode & 0o001 == 0);
        found.map(|(_, entry)| (entry.path.as_str(), entry.mode))
    }

    /// The path without links. It need not exist; none if it has too many links.
    pub(crate) fn real_path(&self, path: &str) -> Option<String> {
        let target = |path: &str| {
            let found = self.0.get(path).map(|(_, entry)| &entry.kind);
            Ok::<_, Infallible>(match found {
                Some(EntryKind::Symlink(target)) => Some(target.clone()),
                _ => None,
            })
        };
        links::resolve(path, target).unwrap_or_else(|never| match never {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, kind: EntryKind) -> Entry {
        Entry {
            path: path.to_owned(),
            kind,
            mode: 0o755,
            ..Entry::default()
        }
    }

    fn link(path: &str, target: &str) -> Entry {
        entry(path, EntryKind::Symlink(target.to_owned()))
    }

    #[test]
    fn symlinks_resolve_below_the_root() {
        let layer = [
            link("lib64", "usr/lib64"),
            entry("usr", EntryKind::Directory),
            entry("usr/lib64", EntryKind::Directory),
            entry("usr/lib64/libc-2.26.so", EntryKind::File),
            link("usr/lib64/libc.so.6", "libc-2.26.so"),
            link("absolute", "/lib64/../lib64/libc.so.6"),
            link("loop", "loop"),
            link("out", "../../../lib64/libc.so.6"),
        ];
        let merged = MergedFileSystem::from_layers([layer.as_slice()].into_iter());
        for path in ["/lib64/libc.so.6", "absolute", "out"] {
            let (_, found) = merged.resolve(path).unwrap();
            assert_eq!(found.path, "usr/lib64/libc-2.26.so", "{path}");
        }
        assert!(merged.resolve("loop").is_none());
        assert!(merged.resolve("nothing").is_none());
    }

    #[test]
    fn entries_below_links_of_lower_layers_land_at_their_targets() {
        let below = [link("lib", "usr/lib"), entry("usr/lib/a", EntryKind::File)];
        let above = [
            entry("lib/b", EntryKind::File),
            entry("lib/.wh.a", EntryKind::File),
            entry("usr/c", EntryKind::Hardlink("lib/b".into())),
            entry("usr/d", EntryKind::Hardlink("usr/c".into())),
        ];
        let merged = MergedFileSystem::from_layers([below.as_slice(), above.as_slice()].into_iter());
        for path in ["usr/lib/b", "lib/b", "usr/c", "usr/d"] {
            assert_eq!(merged.resolve(path).unwrap().1.path, "lib/b", "{path}");
        }
        assert!(merged.resolve("lib/a").is_none());
        // A folder replaces the link.
        let replaced = [entry("lib", EntryKind::Directory), entry("lib/x", EntryKind::File)];
        let merged = MergedFileSystem::from_layers([below.as_slice(), &replaced].into_iter());
        assert!(merged.resolve("usr/lib/x").is_none() && merged.resolve("lib/a").is_none());
        assert!(merged.resolve("lib/x").is_some());
    }

    #[test]
    fn whiteouts_hide_files_of_lower_layers() {
        let below = [
            entry("a/b", EntryKind::File),
            entry("a/c", EntryKind::File),
            entry("d/e", EntryKind::File),
        ];
        let above = [
            entry("a/.wh.b", EntryKind::File),
            entry("d/f", EntryKind::File),
            entry("d/.wh..wh..opq", EntryKind::File),
        ];
        let merged = MergedFileSystem::from_layers([below.as_slice(), above.as_slice()].into_iter());
        let paths: Vec<_> = merged.0.keys().collect();
        assert_eq!(paths, ["a/c", "d/f"]);
    }
}
