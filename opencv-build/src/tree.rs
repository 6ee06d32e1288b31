//! The trimmed source tree on disk: only what the build reads, with the cuts applied. Written so
//! that a file whose content stays keeps its time: ninja then compiles only what changed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::files::{remove_if_there, sorted_entries, write_if_other};
use crate::fingerprint::Fingerprint;
use crate::library::LibraryArchive;
use crate::progress::Step;
use crate::source::{Kind, SourceArchive};
use crate::trim::Trim;

/// A tree that is complete and trimmed.
#[derive(Debug)]
pub struct SourceTree {
    path: PathBuf,
}

impl SourceTree {
    /// Makes the folder `tree` in `work` hold what `trim` takes of `source` and of `libraries`, unless
    /// the stamp beside it says that it does.
    ///
    /// # Errors
    /// A source cannot be read, is no OpenCV tree, or is not the one that the cuts are for.
    pub fn write(
        source: &SourceArchive,
        libraries: &[LibraryArchive],
        trim: &Trim,
        fingerprint: &Fingerprint,
        work: &Path,
    ) -> Result<Self> {
        let path = work.join("tree");
        let stamp = work.join("tree.fingerprint");
        let wanted = fingerprint.to_string();
        if path.is_dir() && fs::read_to_string(&stamp).is_ok_and(|present| present == wanted) {
            return Ok(Self { path });
        }
        remove_if_there(&stamp)?;
        let _step = Step::start(format!("unpacking the {}", source.description()));
        let mut writer = Writer {
            root: &path,
            trim,
            seen: BTreeSet::new(),
            kept: BTreeSet::new(),
        };
        match source.kind() {
            Kind::Archive {
                path: archive,
                root,
            } => writer
                .add_archive(archive, root.as_deref(), |path| {
                    Some(path).filter(|path| trim.keeps(path))
                })
                .with_context(|| format!("failed to unpack `{}`", archive.display()))?,
            Kind::Folder(folder) => writer.add_folder(folder, folder)?,
        }
        for library in libraries {
            writer
                .add_archive(library.path(), Some(library.root()), |path| {
                    library.place(&path)
                })
                .with_context(|| format!("failed to unpack `{}`", library.path().display()))?;
        }
        ensure!(
            writer.kept.contains("CMakeLists.txt"),
            "failed to unpack the {}: it holds no OpenCV source tree",
            source.description()
        );
        trim.check_seen(&writer.seen)?;
        for (name, text) in &trim.added {
            write_if_other(&path.join(name), text.as_bytes())?;
            writer.kept.insert(name.clone());
        }
        let kept = writer.kept;
        remove_others(&path, &path, &kept)?;
        fs::write(&stamp, wanted)
            .with_context(|| format!("failed to write `{}`", stamp.display()))?;
        Ok(Self { path })
    }

    /// A tree that somebody else wrote: for tests.
    #[cfg(test)]
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Has the next build look at every file again.
    pub fn forget(&self) -> Result<()> {
        remove_if_there(&self.path.with_extension("fingerprint"))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

struct Writer<'a> {
    root: &'a Path,
    trim: &'a Trim,
    /// Every path that is in the source.
    seen: BTreeSet<String>,
    /// Every path that is in the tree.
    kept: BTreeSet<String>,
}

impl Writer<'_> {
    /// Takes the files of an archive to where `place` says that they go, if anywhere.
    fn add_archive(
        &mut self,
        archive: &Path,
        root: Option<&str>,
        place: impl Fn(String) -> Option<String>,
    ) -> Result<()> {
        let file = File::open(archive)?;
        let mut entries = tar::Archive::new(flate2::read::GzDecoder::new(file));
        for entry in entries.entries()? {
            let mut entry = entry?;
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let inner = entry.path()?.into_owned();
            let Some(path) = path_below(&inner, root)? else {
                continue;
            };
            self.seen.insert(path.clone());
            let Some(path) = place(path) else {
                continue;
            };
            self.add(&path, |content| {
                Ok(entry.read_to_end(content).map(|_| ())?)
            })?;
        }
        Ok(())
    }

    fn add_folder(&mut self, root: &Path, folder: &Path) -> Result<()> {
        for path in sorted_entries(folder)? {
            if path.is_dir() {
                self.add_folder(root, &path)?;
                continue;
            }
            let below = path.strip_prefix(root).unwrap_or(&path);
            let Some(name) = below.to_str() else {
                continue;
            };
            self.seen.insert(name.to_owned());
            if !self.trim.keeps(name) {
                continue;
            }
            self.add(name, |content| {
                *content = fs::read(&path)
                    .with_context(|| format!("failed to read `{}`", path.display()))?;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Takes one file of a source.
    fn add(&mut self, path: &str, read: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        self.seen.insert(path.to_owned());
        let mut content = Vec::new();
        read(&mut content)?;
        let Some(content) = self.trim.apply(path, content)? else {
            return Ok(());
        };
        write_if_other(&self.root.join(path), &content)?;
        self.kept.insert(path.to_owned());
        Ok(())
    }
}

/// The part of an archive's path below `root`, or below the first folder where no root is given.
fn path_below(inner: &Path, root: Option<&str>) -> Result<Option<String>> {
    if inner
        .components()
        .any(|part| !matches!(part, Component::Normal(_)))
    {
        bail!("`{}` does not stay inside the archive", inner.display());
    }
    let below = match root {
        Some(root) => inner.strip_prefix(root).ok().map(Path::to_owned),
        None => Some(inner.components().skip(1).collect()),
    };
    let below = below.and_then(|path: PathBuf| path.to_str().map(str::to_owned));
    Ok(below.filter(|path| !path.is_empty()))
}

/// Removes every file below `folder` that is not in `kept`, and folders that are empty then.
fn remove_others(root: &Path, folder: &Path, kept: &BTreeSet<String>) -> Result<()> {
    for path in sorted_entries(folder)? {
        if path.is_dir() {
            remove_others(root, &path, kept)?;
            // Fails where something is left in it, as it should.
            let _ = fs::remove_dir(&path);
            continue;
        }
        let below = path.strip_prefix(root).unwrap_or(&path);
        if !below.to_str().is_some_and(|name| kept.contains(name)) {
            fs::remove_file(&path)
                .with_context(|| format!("failed to remove `{}`", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::Pins;
    use crate::recipe::tests::recipe;
    use crate::recipe::{NamedSource, Recipe};
    use crate::toolchain::Toolchain;

    /// A folder with just enough of an OpenCV tree for the cuts to fit.
    fn little_opencv(folder: &Path) -> Recipe {
        let recipe = recipe();
        let trim = Trim::of(&recipe);
        let cut = trim.removed.iter().chain(trim.replaced.keys());
        for path in cut {
            write_if_other(&folder.join(path), b"theirs\n").unwrap();
        }
        for (path, edits) in &trim.edits {
            let lines: Vec<_> = edits.iter().map(|edit| edit.line.as_str()).collect();
            write_if_other(&folder.join(path), lines.join("\n").as_bytes()).unwrap();
        }
        write_if_other(&folder.join("CMakeLists.txt"), b"project(OpenCV)\n").unwrap();
        write_if_other(&folder.join("modules/core/src/a.cpp"), b"int a;\n").unwrap();
        write_if_other(&folder.join("modules/core/test/a.cpp"), b"int t;\n").unwrap();
        Recipe {
            source: Some(NamedSource {
                path: folder.to_owned(),
                sha256: None,
            }),
            ..recipe
        }
    }

    fn write(recipe: &Recipe, label: &str, work: &Path) -> Result<SourceTree> {
        let nowhere = Path::new("/nowhere");
        let tools = Toolchain::at(nowhere);
        let source = SourceArchive::fetch(recipe, &Pins::embedded(), &tools, nowhere)?;
        let fingerprint = Fingerprint::of([("label", label.as_bytes())]);
        let mut trim = Trim::of(recipe);
        // No library is there to be fetched, so that cuts of one would not be found.
        trim.edits.retain(|path, _| !path.starts_with("3rdparty/"));
        SourceTree::write(&source, &[], &trim, &fingerprint, work)
    }

    #[test]
    fn what_stays_the_same_keeps_its_time_and_what_is_gone_goes() {
        let source = tempfile::tempdir().unwrap();
        let work = tempfile::tempdir().unwrap();
        let recipe = little_opencv(source.path());
        let tree = write(&recipe, "1", work.path()).unwrap();
        let at = |name: &str| tree.path().join(name);
        assert!(at("modules/core/src/a.cpp").is_file());
        assert!(!at("modules/core/test").exists());
        assert!(!at("modules/objdetect/src/qrcode.cpp").exists());
        let ours = fs::read_to_string(at("modules/objdetect/CMakeLists.txt")).unwrap();
        assert!(ours.contains("opencv_core opencv_imgproc)"), "{ours}");

        let time = |name: &str| fs::metadata(at(name)).unwrap().modified().unwrap();
        let before = time("CMakeLists.txt");
        fs::write(source.path().join("modules/core/src/b.cpp"), "int b;\n").unwrap();
        fs::remove_file(source.path().join("modules/core/src/a.cpp")).unwrap();
        write(&recipe, "2", work.path()).unwrap();
        assert_eq!(time("CMakeLists.txt"), before);
        assert!(at("modules/core/src/b.cpp").is_file());
        assert!(!at("modules/core/src/a.cpp").exists());
    }

    #[test]
    fn a_folder_that_is_no_opencv_is_refused_and_not_remembered() {
        let source = tempfile::tempdir().unwrap();
        let work = tempfile::tempdir().unwrap();
        let recipe = little_opencv(source.path());
        fs::remove_file(source.path().join("modules/objdetect/src/qrcode.cpp")).unwrap();
        let error = write(&recipe, "1", work.path()).unwrap_err().to_string();
        assert!(error.contains("qrcode.cpp` is not in it"), "{error}");
        fs::remove_file(source.path().join("CMakeLists.txt")).unwrap();
        let error = write(&recipe, "1", work.path()).unwrap_err().to_string();
        assert!(error.contains("holds no OpenCV source tree"), "{error}");
    }

    #[test]
    fn paths_that_leave_the_archive_are_refused() {
        let error = path_below(Path::new("opencv/../../etc/passwd"), None).unwrap_err();
        assert!(error.to_string().contains("does not stay inside"));
        assert!(path_below(Path::new("/etc/passwd"), None).is_err());
        let below = path_below(Path::new("opencv/a/b"), None).unwrap();
        assert_eq!(below.as_deref(), Some("a/b"));
    }
}
