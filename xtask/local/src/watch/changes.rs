//! Waits for changes of files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, Result};
use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Changes are complete if none follows for this long: editors and version control write several files.
const QUIET: Duration = Duration::from_millis(200);

pub(super) struct Changes {
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    events: Receiver<notify::Result<notify::Event>>,
    /// Ignored, because builds write there.
    target_dir: PathBuf,
}

impl Changes {
    pub(super) fn new(target_dir: &Path) -> Result<Self> {
        let (sender, events) = channel();
        let watcher = notify::recommended_watcher(sender).context("failed to watch files")?;
        Ok(Self {
            watcher,
            watched: BTreeSet::new(),
            events,
            target_dir: target_dir.to_owned(),
        })
    }

    /// Watches these files and folders as well, without the folders in them. Those that do not exist are ignored.
    pub(super) fn watch(&mut self, paths: impl IntoIterator<Item = PathBuf>) -> Result<()> {
        for path in paths {
            if path.starts_with(&self.target_dir) || !path.exists() || self.watched.contains(&path) {
                continue;
            }
            let watch = self.watcher.watch(&path, RecursiveMode::NonRecursive);
            watch.with_context(|| {
                format!(
                    "failed to watch `{}`; the limits are in /proc/sys/fs/inotify",
                    path.display()
                )
            })?;
            self.watched.insert(path);
        }
        Ok(())
    }

    /// Returns after the next change, when no other follows at once.
    pub(super) fn wait(&mut self) -> Result<()> {
        loop {
            let event = self.events.recv().context("files are no longer watched")?;
            if self.is_change(event) {
                break;
            }
        }
        loop {
            match self.events.recv_timeout(QUIET) {
                Ok(event) => {
                    self.is_change(event);
                }
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => anyhow::bail!("files are no longer watched"),
            }
        }
    }

    fn is_change(&mut self, event: notify::Result<notify::Event>) -> bool {
        let Ok(event) = event else {
            // Events may be missing: a build finds what has changed.
            return true;
        };
        if matches!(
            event.kind,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
        ) {
            // Another file or folder of the same name is not watched yet, nor are folders below it.
            for path in &event.paths {
                self.watched.retain(|watched| !watched.starts_with(path));
            }
        }
        let is_ours = |path: &PathBuf| path.starts_with(&self.target_dir);
        !matches!(event.kind, EventKind::Access(_)) && !event.paths.iter().all(is_ours)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use fs_err as fs;

    use super::*;

    #[test]
    fn changes_are_noticed_and_reading_and_builds_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (file, target_dir) = (folder.path().join("main.rs"), folder.path().join("target"));
        fs::create_dir(&target_dir).unwrap();
        fs::write(&file, "1").unwrap();
        let mut changes = Changes::new(&target_dir).unwrap();
        let absent = folder.path().join("absent");
        changes
            .watch([folder.path().to_owned(), target_dir.clone(), absent])
            .unwrap();
        fs::read(&file).unwrap();
        fs::write(target_dir.join("output"), "1").unwrap();
        let waiting = thread::spawn(move || changes.wait().map(|()| changes));
        thread::sleep(2 * QUIET);
        assert!(!waiting.is_finished());
        // As editors save: a new file replaces the old one.
        let temporary = folder.path().join("main.rs~");
        fs::write(&temporary, "2").unwrap();
        fs::rename(&temporary, &file).unwrap();
        let mut changes = waiting.join().unwrap().unwrap();
        let waiting = thread::spawn(move || changes.wait());
        thread::sleep(QUIET);
        fs::write(&file, "3").unwrap();
        waiting.join().unwrap().unwrap();
    }

    #[test]
    fn a_folder_in_the_place_of_a_renamed_one_is_watched() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("src/inner")).unwrap();
        let watched = || ["", "src", "src/inner"].map(at);
        let mut changes = Changes::new(&at("target")).unwrap();
        changes.watch(watched()).unwrap();
        fs::rename(at("src"), at("old")).unwrap();
        fs::create_dir_all(at("src/inner")).unwrap();
        changes.wait().unwrap();
        for file in ["src/main.rs", "src/inner/mod.rs"] {
            changes.watch(watched()).unwrap();
            let waiting = thread::spawn(move || changes.wait().map(|()| changes));
            thread::sleep(QUIET);
            fs::write(at(file), "1").unwrap();
            let start = Instant::now();
            while !waiting.is_finished() {
                assert!(start.elapsed() < 50 * QUIET, "{file} is not watched");
                thread::sleep(QUIET);
            }
            changes = waiting.join().unwrap().unwrap();
        }
    }
}
