//! What a process in the image would see: the entries of all layers on top of each other, without
//! what a layer above removes, and paths resolved through links.

use std::collections::BTreeMap;

use crate::entries::{Entry, Kind};
use crate::tree::WHITEOUT;

/// How many links a path may lead through, as in Linux.
const MOST_LINKS: u32 = 40;

/// The entries by path, each with the number of its layer.
#[derive(Debug, Default)]
pub(crate) struct View(BTreeMap<String, (usize, Entry)>);

impl View {
    /// The view of layers, the lowest first.
    pub(crate) fn of<'a>(layers: impl Iterator<Item = &'a [Entry]>) -> Self {
        let mut view = Self::default();
        for (number, entries) in layers.enumerate() {
            for entry in entries {
                view.add(number, entry);
            }
        }
        view
    }

    fn add(&mut self, layer: usize, entry: &Entry) {
        let (parent, name) = match entry.path.rsplit_once('/') {
            Some((parent, name)) => (format!("{parent}/"), name),
            None => (String::new(), entry.path.as_str()),
        };
        if name == ".wh..wh..opq" {
            self.remove_below(&parent, Some(layer));
        } else if let Some(hidden) = name.strip_prefix(WHITEOUT) {
            let hidden = format!("{parent}{hidden}");
            self.remove_below(&format!("{hidden}/"), None);
            self.0.remove(&hidden);
        } else {
            if entry.kind != Kind::Folder {
                self.remove_below(&format!("{}/", entry.path), None);
            }
            self.0.insert(entry.path.clone(), (layer, entry.clone()));
        }
    }

    /// Removes what begins with `prefix`; not what the layer `but` brought.
    fn remove_below(&mut self, prefix: &str, but: Option<usize>) {
        let below = self.0.range(prefix.to_owned()..);
        let below = below.take_while(|(path, _)| path.starts_with(prefix));
        let gone: Vec<_> = below
            .filter(|(_, (layer, _))| Some(*layer) != but)
            .map(|(path, _)| path.clone())
            .collect();
        for path in gone {
            self.0.remove(&path);
        }
    }

    /// The entry that `path` leads to, through any links, with the number of its layer.
    pub(crate) fn resolve(&self, path: &str) -> Option<(usize, &Entry)> {
        let mut links = 0;
        let mut left: Vec<String> = parts(path);
        let mut at: Vec<String> = Vec::new();
        while let Some(part) = left.pop() {
            if part == ".." {
                at.pop();
                continue;
            }
            at.push(part);
            let here = at.join("/");
            if let Some((_, entry)) = self.0.get(&here)
                && let Kind::Symlink(target) = &entry.kind
            {
                links += 1;
                if links > MOST_LINKS {
                    return None;
                }
                at.pop();
                if target.starts_with('/') {
                    at.clear();
                }
                left.extend(parts(target));
            }
        }
        let (layer, entry) = self.0.get(&at.join("/"))?;
        match &entry.kind {
            // Its content is that of its target, which lies in the same layer.
            Kind::Hardlink(target) => {
                let (layer, found) = self.0.get(target)?;
                (found.kind == Kind::File).then_some((*layer, found))
            }
            _ => Some((*layer, entry)),
        }
    }
}

/// The parts of a path, the first at the end.
fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.rev().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, kind: Kind) -> Entry {
        Entry {
            path: path.to_owned(),
            kind,
            mode: 0o755,
            bytes: 0,
        }
    }

    fn link(path: &str, target: &str) -> Entry {
        entry(path, Kind::Symlink(target.to_owned()))
    }

    #[test]
    fn links_are_followed_below_the_root() {
        let layer = [
            link("lib64", "usr/lib64"),
            entry("usr", Kind::Folder),
            entry("usr/lib64", Kind::Folder),
            entry("usr/lib64/libc-2.26.so", Kind::File),
            link("usr/lib64/libc.so.6", "libc-2.26.so"),
            link("absolute", "/lib64/../lib64/libc.so.6"),
            link("loop", "loop"),
            link("out", "../../../lib64/libc.so.6"),
        ];
        let view = View::of([layer.as_slice()].into_iter());
        for path in ["/lib64/libc.so.6", "absolute", "out"] {
            let (_, found) = view.resolve(path).unwrap();
            assert_eq!(found.path, "usr/lib64/libc-2.26.so", "{path}");
        }
        assert!(view.resolve("loop").is_none());
        assert!(view.resolve("nothing").is_none());
    }

    #[test]
    fn a_layer_can_remove_what_is_below_it() {
        let below = [
            entry("a/b", Kind::File),
            entry("a/c", Kind::File),
            entry("d/e", Kind::File),
        ];
        let above = [
            entry("a/.wh.b", Kind::File),
            entry("d/f", Kind::File),
            entry("d/.wh..wh..opq", Kind::File),
        ];
        let view = View::of([below.as_slice(), above.as_slice()].into_iter());
        let paths: Vec<_> = view.0.keys().collect();
        assert_eq!(paths, ["a/c", "d/f"]);
    }
}
