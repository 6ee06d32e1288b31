//! The file system of an image as a process sees it: all layers merged, with whiteouts applied and links resolved.

use std::collections::BTreeMap;

use crate::entries::{Entry, EntryKind};
use crate::tree::WHITEOUT_PREFIX;

/// The most links that are followed in a path, as in Linux.
const MAX_SYMLINKS: u32 = 40;

/// The entries by path, with the numbers of their layers.
#[derive(Debug, Default)]
pub(crate) struct MergedFileSystem(BTreeMap<String, (usize, Entry)>);

impl MergedFileSystem {
    /// Merges layers, the lowest first.
    pub(crate) fn from_layers<'a>(layers: impl Iterator<Item = &'a [Entry]>) -> Self {
        let mut merged = Self::default();
        for (number, entries) in layers.enumerate() {
            for entry in entries {
                merged.add(number, entry);
            }
        }
        merged
    }

    fn add(&mut self, layer: usize, entry: &Entry) {
        let (parent, name) = match entry.path.rsplit_once('/') {
            Some((parent, name)) => (format!("{parent}/"), name),
            None => (String::new(), entry.path.as_str()),
        };
        if name == ".wh..wh..opq" {
            self.remove_with_prefix(&parent, Some(layer));
        } else if let Some(hidden) = name.strip_prefix(WHITEOUT_PREFIX) {
            let hidden = format!("{parent}{hidden}");
            self.remove_with_prefix(&format!("{hidden}/"), None);
            self.0.remove(&hidden);
        } else {
            if entry.kind != EntryKind::Directory {
                self.remove_with_prefix(&format!("{}/", entry.path), None);
            }
            self.0.insert(entry.path.clone(), (layer, entry.clone()));
        }
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
        let mut links = 0;
        let mut left: Vec<String> = reversed_components(path);
        let mut at: Vec<String> = Vec::new();
        while let Some(part) = left.pop() {
            if part == ".." {
                at.pop();
                continue;
            }
            at.push(part);
            let here = at.join("/");
            if let Some((_, entry)) = self.0.get(&here)
                && let EntryKind::Symlink(target) = &entry.kind
            {
                links += 1;
                if links > MAX_SYMLINKS {
                    return None;
                }
                at.pop();
                if target.starts_with('/') {
                    at.clear();
                }
                left.extend(reversed_components(target));
            }
        }
        let (layer, entry) = self.0.get(&at.join("/"))?;
        match &entry.kind {
            // A hard link's content is in the entry of its target.
            EntryKind::Hardlink(target) => {
                let (layer, found) = self.0.get(target)?;
                (found.kind == EntryKind::File).then_some((*layer, found))
            }
            _ => Some((*layer, entry)),
        }
    }
}

/// The components of a path, the first one last.
fn reversed_components(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.rev().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, kind: EntryKind) -> Entry {
        Entry {
            path: path.to_owned(),
            kind,
            mode: 0o755,
            size: 0,
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
