//! The trimmed source tree on disk: only the files that the build reads, with the patches applied. A file whose
//! content is unchanged keeps its modification time, so that ninja compiles only what changed.

pub(crate) mod plan;

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use fs_err::{self as fs, File};

use crate::source::{SourceArchive, SourceKind};
use crate::trim::Trim;
use support::files::{all_files, remove_if_exists, sorted_entries, write_if_changed};
use support::fingerprint::Fingerprint;
use support::progress::ProgressStep;

#[derive(Debug)]
pub struct SourceTree {
    pub path: PathBuf,
    pub source: String,
    /// Human-readable description of the newer tree that the third-party libraries are from.
    pub third_party: Option<String>,
}

impl SourceTree {
    /// Writes the files that `trim` selects from `source` and from the newer tree `third_party` to the folder `tree` in
    /// `work`, unless its stamp matches `fingerprint`.
    pub fn write(
        source: &SourceArchive,
        third_party: Option<&SourceArchive>,
        trim: &Trim,
        fingerprint: &Fingerprint,
        work: &Path,
    ) -> Result<Self> {
        let path = work.join("tree");
        let stamp = work.join("tree.fingerprint");
        let wanted = fingerprint.to_string();
        let tree = Self {
            path: path.clone(),
            source: source.description.clone(),
            third_party: third_party.map(|newer| newer.description.clone()),
        };
        if path.is_dir() && fs::read_to_string(&stamp).is_ok_and(|present| present == wanted) {
            return Ok(tree);
        }
        remove_if_exists(&stamp)?;
        let _step = ProgressStep::start(format!("extracting the {}", source.description));
        let mut writer = Writer {
            root: &path,
            trim,
            seen: BTreeSet::new(),
            kept: BTreeSet::new(),
        };
        writer.add_source(source, false)?;
        if let Some(newer) = third_party {
            writer.add_source(newer, true)?;
            trim.check_third_party(&writer.kept)?;
        }
        ensure!(
            writer.kept.contains("CMakeLists.txt"),
            "failed to extract the {}: it contains no OpenCV source tree",
            source.description
        );
        trim.check_required_files(&writer.seen)?;
        for (name, text) in &trim.added {
            write_if_changed(&path.join(name), text.as_bytes())?;
            writer.kept.insert(name.clone());
        }
        remove_unlisted_files(&path, &path, &writer.kept)?;
        fs::write(&stamp, wanted)?;
        Ok(tree)
    }
}

struct Writer<'a> {
    root: &'a Path,
    trim: &'a Trim,
    seen: BTreeSet<String>,
    kept: BTreeSet<String>,
}

impl Writer<'_> {
    fn add_source(&mut self, source: &SourceArchive, newer: bool) -> Result<()> {
        match &source.kind {
            SourceKind::Archive { path, root, truncated } => self
                .add_archive(path, root.as_deref(), *truncated, newer)
                .with_context(|| format!("failed to extract `{}`", path.display())),
            SourceKind::Folder(folder) => self.add_folder(folder),
        }
    }

    fn add_archive(&mut self, archive: &Path, root: Option<&str>, truncated: bool, newer: bool) -> Result<()> {
        let file = File::open(archive)?;
        let mut entries = tar::Archive::new(flate2::read::GzDecoder::new(file));
        // The previous entry, if it was wanted.
        let mut last = None;
        for entry in entries.entries()? {
            let mut entry = match entry {
                // The end of the downloaded prefix.
                Err(error) if truncated && error.kind() == ErrorKind::UnexpectedEof => {
                    return match last {
                        None => Ok(()),
                        Some(last) => bail!(
                            "the downloaded prefix ends after `{last}`, so files may be missing; \
                             increase `prefix_bytes` in opencv-build/data/pins.toml"
                        ),
                    };
                }
                entry => entry?,
            };
            let inner = entry.path()?.into_owned();
            last = strip_archive_root(&inner, root)?.filter(|path| self.trim.is_third_party(path) == newer);
            let file = last.as_ref().filter(|_| entry.header().entry_type().is_file());
            if let Some(path) = file.filter(|path| self.wants(path, newer)) {
                let mut content = Vec::new();
                entry.read_to_end(&mut content)?;
                self.add(path, content)?;
            }
        }
        Ok(())
    }

    fn add_folder(&mut self, root: &Path) -> Result<()> {
        for path in all_files(root)? {
            let name = path.strip_prefix(root).ok().and_then(Path::to_str);
            if let Some(name) = name.filter(|name| self.wants(name, false)) {
                self.add(name, fs::read(&path)?)?;
            }
        }
        Ok(())
    }

    fn wants(&mut self, path: &str, newer: bool) -> bool {
        if self.trim.is_third_party(path) != newer {
            return false;
        }
        self.seen.insert(path.to_owned());
        newer || self.trim.includes(path)
    }

    fn add(&mut self, path: &str, content: Vec<u8>) -> Result<()> {
        if let Some(content) = self.trim.apply(path, content)? {
            write_if_changed(&self.root.join(path), &content)?;
            self.kept.insert(path.to_owned());
        }
        Ok(())
    }
}

/// The path of an archive's entry relative to `root`, or to its top-level folder if `root` is `None`.
fn strip_archive_root(inner: &Path, root: Option<&str>) -> Result<Option<String>> {
    let stays = |part| matches!(part, Component::Normal(_));
    ensure!(
        inner.components().all(stays),
        "the path `{}` leads outside the archive",
        inner.display()
    );
    let below = match root {
        Some(root) => inner.strip_prefix(root).ok().map(Path::to_owned),
        None => Some(inner.components().skip(1).collect()),
    };
    let below = below.and_then(|path: PathBuf| path.to_str().map(str::to_owned));
    Ok(below.filter(|path| !path.is_empty()))
}

/// Removes every file in `folder` that is not in `kept`, and folders that become empty.
fn remove_unlisted_files(root: &Path, folder: &Path, kept: &BTreeSet<String>) -> Result<()> {
    for path in sorted_entries(folder)? {
        if path.is_dir() {
            remove_unlisted_files(root, &path, kept)?;
            // Fails, as intended, if the folder is not empty.
            let _ = fs::remove_dir(&path);
            continue;
        }
        let below = path.strip_prefix(root).unwrap_or(&path);
        if !below.to_str().is_some_and(|name| kept.contains(name)) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
