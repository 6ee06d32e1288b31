//! The files of OpenCV's tree that a recipe needs, and the patches to them, from `data/trim.toml` and the files in
//! `overlay/`. A patch whose target is missing is an error, because it was made for another tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::overlay;
use crate::recipe::Recipe;
use support::files::all_files;
use support::fingerprint::Fingerprint;

const TEXT: &str = include_str!("../data/trim.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrimToml {
    keep: Vec<String>,
    module_exclude: Vec<String>,
    third_party: Vec<String>,
    patch: Vec<Patch>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Patch {
    module: Option<String>,
    codec: Option<String>,
    /// A codec that is only read.
    decode_only: Option<String>,
    remove: Vec<String>,
    replace: Vec<String>,
    add: Vec<String>,
    edit: Vec<Edit>,
}

/// Replaces a line of a file, or several consecutive ones.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    file: String,
    /// The lines to replace; leading and trailing white space of each is ignored.
    pub(crate) line: String,
    /// Empty if the lines are removed.
    #[serde(default)]
    replacement: String,
}

/// The file selection and patches for one recipe. Paths are relative to the tree's root.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trim {
    /// Whether all files are kept, regardless of `keep` and the modules.
    keep_all: bool,
    keep: Vec<String>,
    module_exclude: Vec<String>,
    modules: BTreeSet<String>,
    /// Must exist in the tree.
    pub removed: BTreeSet<String>,
    /// The edits of each file. The lines of each edit must occur exactly once.
    pub edits: BTreeMap<String, Vec<Edit>>,
    /// Our contents for files that must exist in the tree.
    pub replaced: BTreeMap<String, &'static str>,
    /// Our contents for files that must not exist in the tree.
    pub added: BTreeMap<String, &'static str>,
    /// Folders that are taken from a newer tree instead of OpenCV's own.
    third_party: Vec<String>,
}

impl Trim {
    pub fn for_recipe(recipe: &Recipe) -> Self {
        let written: TrimToml = toml::from_str(TEXT).expect("data/trim.toml is checked by a test");
        let catalog = Catalog::embedded();
        let of_codecs = recipe.codecs.iter().filter_map(|c| catalog.codecs.get(c));
        let of_codecs = of_codecs.flat_map(|codec| &codec.third_party);
        let of_codecs = of_codecs.map(|folder| format!("3rdparty/{folder}/"));
        let third_party = written.third_party.into_iter().chain(of_codecs).collect();

        let mut trim = Self {
            keep: written.keep,
            module_exclude: written.module_exclude,
            modules: recipe.modules.iter().cloned().collect(),
            third_party,
            ..Self::default()
        };
        for patch in written.patch {
            trim.apply_patch(patch, recipe);
        }
        trim
    }

    /// The whole unmodified tree, except for our support for precompiled headers.
    pub fn upstream() -> Self {
        let (name, text) = overlay::file(overlay::PCH_SUPPORT_PATH);
        Self {
            keep_all: true,
            replaced: BTreeMap::from([(name.to_owned(), text)]),
            ..Self::default()
        }
    }

    fn apply_patch(&mut self, patch: Patch, recipe: &Recipe) {
        let not_built = |module: &String| !recipe.has_module(module);
        let left_out = |codec: &String| !recipe.codecs.contains(codec);
        let encoded = |codec: &String| left_out(codec) || !recipe.decode_only.contains(codec);
        if patch.module.as_ref().is_some_and(not_built)
            || patch.codec.as_ref().is_some_and(left_out)
            || patch.decode_only.as_ref().is_some_and(encoded)
        {
            return;
        }
        let in_module = |path: &str| match &patch.module {
            Some(module) => format!("modules/{module}/{path}"),
            None => path.to_owned(),
        };
        self.removed.extend(patch.remove.iter().map(|path| in_module(path)));
        for edit in patch.edit {
            let edits = self.edits.entry(in_module(&edit.file)).or_default();
            edits.push(edit);
        }
        for path in patch.replace {
            let (name, text) = overlay::file(&path);
            self.replaced.insert(name.to_owned(), text);
        }
        for path in &patch.add {
            let ours = overlay::files_in(path);
            self.added.extend(ours.map(|(name, text)| (name.to_owned(), text)));
        }
    }

    /// Whether the file at `path` is taken from the newer tree.
    pub fn is_third_party(&self, path: &str) -> bool {
        let mut folders = self.third_party.iter();
        folders.any(|folder| path.starts_with(folder))
    }

    pub(crate) fn uses_third_party(&self) -> bool {
        !self.third_party.is_empty()
    }

    /// Fails if `kept` has no files of one of the newer tree's folders.
    pub fn check_third_party(&self, kept: &BTreeSet<String>) -> Result<()> {
        for folder in &self.third_party {
            ensure!(
                kept.iter().any(|path| path.starts_with(folder)),
                "failed to extract the sources of third-party libraries: they do not contain `{folder}`; \
                 correct the pin in opencv-build/data/pins.toml"
            );
        }
        Ok(())
    }

    /// Whether the build reads the file at `path` of OpenCV's own tree, before patches.
    pub fn includes(&self, path: &str) -> bool {
        if self.is_third_party(path) {
            return false;
        }
        if self.keep_all || self.replaced.contains_key(path) {
            return true;
        }
        if let Some(inner) = path.strip_prefix("modules/") {
            let Some((module, inner)) = inner.split_once('/') else {
                return false;
            };
            let not_built = self.module_exclude.iter().any(|folder| inner.starts_with(folder));
            return self.modules.contains(module) && !not_built;
        }
        let mut keep = self.keep.iter();
        keep.any(|kept| path == kept || kept.ends_with('/') && path.starts_with(kept))
    }

    pub fn digest_folder(&self, folder: &Path) -> Result<String> {
        let mut inputs = Vec::new();
        for path in all_files(folder)? {
            let below = path.strip_prefix(folder).ok().and_then(Path::to_str);
            if let Some(name) = below.filter(|name| self.includes(name)) {
                inputs.push((name.to_owned(), fs::read(&path)?));
            }
        }
        let inputs = inputs.iter().map(|(name, text)| (name.as_str(), text.as_slice()));
        Ok(Fingerprint::of(inputs).to_string())
    }

    /// The content of the file at `path` after the patches; `None` if it is removed.
    pub fn apply(&self, path: &str, content: Vec<u8>) -> Result<Option<Vec<u8>>> {
        if self.removed.contains(path) {
            return Ok(None);
        }
        if let Some(ours) = self.replaced.get(path) {
            return Ok(Some(ours.as_bytes().to_vec()));
        }
        let Some(edits) = self.edits.get(path) else {
            return Ok(Some(content));
        };
        let text =
            String::from_utf8(content).with_context(|| format!("failed to patch `{path}`: it is not valid UTF-8"))?;
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        // By first line: the number of lines replaced, and the replacement.
        let mut replacements = BTreeMap::new();
        for Edit { line, replacement, .. } in edits {
            let wanted: Vec<_> = line.lines().map(str::trim).collect();
            let is_there = |at: &usize| {
                let there = lines[*at..].iter().take(wanted.len());
                there.map(|line| line.trim()).eq(wanted.iter().copied())
            };
            let found: Vec<_> = (0..lines.len()).filter(is_there).collect();
            ensure!(
                found.len() == 1,
                "failed to patch `{path}`: the line `{line}` occurs {} times, not once",
                found.len()
            );
            replacements.insert(found[0], (wanted.len(), replacement.trim_start()));
        }
        let mut edited = String::new();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let (count, text) = replacements.get(&at).copied().unwrap_or((1, *line));
            edited.push_str(text);
            at += count;
        }
        Ok(Some(edited.into_bytes()))
    }

    /// Fails if the tree lacks a file that a patch removes, edits or replaces, or has one that a patch adds.
    pub fn check_required_files(&self, seen: &BTreeSet<String>) -> Result<()> {
        let touched = self.removed.iter().chain(self.edits.keys()).chain(self.replaced.keys());
        for path in touched {
            ensure!(
                seen.contains(path),
                "failed to patch the source: it does not contain `{path}`; the patches in \
                 opencv-build/data/trim.toml are for OpenCV 4.5.5"
            );
        }
        for path in self.added.keys() {
            ensure!(
                !seen.contains(path),
                "failed to patch the source: `{path}`, which opencv-build adds, already exists"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
