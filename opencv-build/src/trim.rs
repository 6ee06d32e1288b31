//! What of OpenCV's tree a recipe reads, and what is cut from it. Reads `data/trim.toml` and the
//! files in `overlay/`; refuses a cut whose target is not in the tree, because then the tree is
//! not the one that the cut was made for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::catalog::Catalog;
use crate::files::all_files;
use crate::fingerprint::Fingerprint;
use crate::overlay;
use crate::recipe::Recipe;
use crate::target::Architecture;

/// The text of the cuts, for fingerprints.
pub const TEXT: &str = include_str!("../data/trim.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    keep: Vec<String>,
    module_without: Vec<String>,
    keep_for: BTreeMap<Architecture, Vec<String>>,
    cut: Vec<WrittenCut>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCut {
    module: Option<String>,
    #[serde(default)]
    remove: Vec<String>,
    #[serde(default)]
    overlay: Vec<String>,
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    edit: Vec<WrittenEdit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEdit {
    file: String,
    line: String,
    #[serde(default)]
    with: String,
}

/// A line that is replaced.
#[derive(Debug, PartialEq, Eq)]
pub struct Edit {
    /// The line, without white space around it.
    pub(crate) line: String,
    /// What takes its place; nothing where the line is dropped.
    with: String,
}

/// What one recipe takes and cuts. Paths are relative to the tree's root.
#[derive(Debug, PartialEq, Eq)]
pub struct Trim {
    /// Whether all is kept, whatever `keep` and the modules are.
    whole: bool,
    keep: Vec<String>,
    module_without: Vec<String>,
    modules: BTreeSet<String>,
    /// Files that must be in the tree and are left out.
    pub removed: BTreeSet<String>,
    /// Lines that must be in a file, once, and are replaced.
    pub edits: BTreeMap<String, Vec<Edit>>,
    /// Files that must be in the tree and are replaced by ours.
    pub replaced: BTreeMap<String, &'static str>,
    /// Files of ours that must not be in the tree and are added.
    pub added: BTreeMap<String, &'static str>,
}

impl Trim {
    /// What `recipe` takes and cuts.
    pub fn of(recipe: &Recipe) -> Self {
        let written: Written = toml::from_str(TEXT).expect("data/trim.toml is checked by a test");
        let catalog = Catalog::embedded();
        let mut keep = written.keep;
        if let Some(more) = written.keep_for.get(&recipe.target.architecture) {
            keep.extend(more.iter().cloned());
        }
        let of_codecs = recipe.codecs.iter().filter_map(|c| catalog.codecs.get(c));
        let third_party = of_codecs.flat_map(|codec| &codec.third_party);
        keep.extend(third_party.map(|folder| format!("3rdparty/{folder}/")));

        let mut trim = Self {
            whole: false,
            keep,
            module_without: written.module_without,
            modules: recipe.modules.iter().cloned().collect(),
            removed: BTreeSet::new(),
            edits: BTreeMap::new(),
            replaced: BTreeMap::new(),
            added: BTreeMap::new(),
        };
        for cut in written.cut {
            trim.add(cut, recipe);
        }
        trim
    }

    /// All of OpenCV's tree as it is, but for the one file that makes precompiled headers.
    pub fn stock() -> Self {
        let name = overlay::PRECOMPILED_HEADERS;
        let (name, text) = overlay::file(name).expect("a test finds every overlay file");
        Self {
            whole: true,
            keep: Vec::new(),
            module_without: Vec::new(),
            modules: BTreeSet::new(),
            removed: BTreeSet::new(),
            edits: BTreeMap::new(),
            replaced: BTreeMap::from([(name.to_owned(), text)]),
            added: BTreeMap::new(),
        }
    }

    fn add(&mut self, cut: WrittenCut, recipe: &Recipe) {
        let module_is_built = match &cut.module {
            Some(module) => recipe.has_module(module),
            None => true,
        };
        if !module_is_built {
            return;
        }
        let place = |path: &str| match &cut.module {
            Some(module) => format!("modules/{module}/{path}"),
            None => path.to_owned(),
        };
        self.removed
            .extend(cut.remove.iter().map(|path| place(path)));
        for WrittenEdit { file, line, with } in &cut.edit {
            let edits = self.edits.entry(place(file)).or_default();
            edits.push(Edit {
                line: line.clone(),
                with: with.trim_start().to_owned(),
            });
        }
        for path in cut.overlay {
            let ours = overlay::file(&path);
            let (name, text) = ours.expect("a test finds every overlay file");
            self.replaced.insert(name.to_owned(), text);
        }
        for path in &cut.add {
            let ours = overlay::below(path);
            self.added
                .extend(ours.map(|(name, text)| (name.to_owned(), text)));
        }
    }

    /// Whether the build reads the file at `path`, before cuts.
    pub fn keeps(&self, path: &str) -> bool {
        if self.whole {
            return true;
        }
        if let Some(inner) = path.strip_prefix("modules/") {
            let Some((module, inner)) = inner.split_once('/') else {
                return false;
            };
            let not_built = self.module_without.iter().any(|w| inner.starts_with(w));
            return self.modules.contains(module) && !not_built;
        }
        self.keep.iter().any(|kept| {
            if kept.ends_with('/') {
                path.starts_with(kept)
            } else {
                path == kept
            }
        })
    }

    /// A digest of every file below `folder` that is kept.
    pub fn digest_of(&self, folder: &Path) -> Result<String> {
        let mut inputs = Vec::new();
        for path in all_files(folder)? {
            let below = path.strip_prefix(folder).ok().and_then(Path::to_str);
            if let Some(name) = below.filter(|name| self.keeps(name)) {
                let text = fs::read(&path)
                    .with_context(|| format!("failed to read `{}`", path.display()))?;
                inputs.push((name.to_owned(), text));
            }
        }
        let inputs = inputs
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_slice()));
        Ok(Fingerprint::of(inputs).to_string())
    }

    /// The content that the file at `path` has after the cuts; `None` if it is left out.
    ///
    /// # Errors
    /// A line that is to be replaced is not there exactly once.
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
        let text = String::from_utf8(content)
            .with_context(|| format!("failed to trim `{path}`: it is no UTF-8"))?;
        for Edit { line, .. } in edits {
            let count = text.lines().filter(|l| l.trim() == line).count();
            ensure!(
                count == 1,
                "failed to trim `{path}`: the line `{line}` is there {count} times, not once"
            );
        }
        let edited = text.split_inclusive('\n').map(|line| {
            let edit = edits.iter().find(|edit| edit.line == line.trim());
            edit.map_or(line, |edit| edit.with.as_str())
        });
        Ok(Some(edited.collect::<String>().into_bytes()))
    }

    /// Refuses a tree that lacks a file which a cut removes, edits or replaces, or has one that a cut adds.
    pub fn check_seen(&self, seen: &BTreeSet<String>) -> Result<()> {
        let cut = self
            .removed
            .iter()
            .chain(self.edits.keys())
            .chain(self.replaced.keys());
        for path in cut {
            ensure!(
                seen.contains(path),
                "failed to trim the source: `{path}` is not in it; the cuts in \
                 opencv-build/data/trim.toml are for OpenCV 4.5.5"
            );
        }
        for path in self.added.keys() {
            ensure!(
                !seen.contains(path),
                "failed to trim the source: `{path}`, which opencv-build adds to it, is in it already"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::tests::recipe;

    const HEADER: &str = "modules/objdetect/include/opencv2/objdetect.hpp";

    #[test]
    fn every_overlay_file_is_used() {
        let trim = Trim::of(&recipe());
        let used = trim.replaced.keys().chain(trim.added.keys());
        let used: BTreeSet<_> = used.map(String::as_str).collect();
        assert_eq!(used, overlay::FILES.iter().map(|(path, _)| *path).collect());
    }

    #[test]
    fn only_what_the_recipe_needs_is_kept() {
        let trim = Trim::of(&recipe());
        for path in [
            "CMakeLists.txt",
            "modules/core/src/matrix.cpp",
            "3rdparty/libjpeg-turbo/src/jcapimin.c",
            "data/haarcascades/haarcascade_eye.xml",
        ] {
            assert!(trim.keeps(path), "{path}");
        }
        for path in [
            "modules/core/test/test_mat.cpp",
            "modules/dnn/src/dnn.cpp",
            "modules/CMakeLists.txt",
            "3rdparty/libtiff/CMakeLists.txt",
            "3rdparty/carotene/CMakeLists.txt",
            "samples/cpp/facedetect.cpp",
        ] {
            assert!(!trim.keeps(path), "{path}");
        }
    }

    #[test]
    fn of_the_stock_tree_all_is_kept_and_nothing_cut_but_what_makes_headers_precompiled() {
        let trim = Trim::stock();
        for path in [
            "modules/dnn/src/dnn.cpp",
            "modules/CMakeLists.txt",
            "3rdparty/openexr/CMakeLists.txt",
        ] {
            assert!(trim.keeps(path), "{path}");
        }
        let content = b"#include \"opencv2/objdetect/face.hpp\"\n".to_vec();
        assert_eq!(trim.apply(HEADER, content.clone()).unwrap(), Some(content));
        let replaced: Vec<_> = trim.replaced.keys().collect();
        assert_eq!(replaced, ["cmake/OpenCVPCHSupport.cmake"]);
    }

    #[test]
    fn a_cut_replaces_its_line_and_nothing_else() {
        let trim = Trim::of(&recipe());
        let content = b"a\n#include \"opencv2/objdetect/face.hpp\"\nb\n".to_vec();
        assert_eq!(trim.apply(HEADER, content).unwrap().unwrap(), b"a\nb\n");
        let base = "modules/core/include/opencv2/core/base.hpp";
        let content = b"a\n  #include \"opencv2/opencv_modules.hpp\"\nb\n".to_vec();
        let edited = String::from_utf8(trim.apply(base, content).unwrap().unwrap()).unwrap();
        let expected = "a\n#ifndef OPENCV_MODULE_LIST_IS_UNUSED\n\
                        #include \"opencv2/opencv_modules.hpp\"\n#endif\nb\n";
        assert_eq!(edited, expected);
    }

    #[test]
    fn a_cut_that_does_not_fit_the_tree_is_refused() {
        let trim = Trim::of(&recipe());
        let error = trim.apply(HEADER, b"a\n".to_vec()).unwrap_err().to_string();
        assert!(error.contains("is there 0 times"), "{error}");
        let error = trim.check_seen(&BTreeSet::new()).unwrap_err().to_string();
        assert!(error.contains("is not in it"), "{error}");
    }
}
