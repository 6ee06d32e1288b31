//! What must be undone when the process ends, whichever way: at the end of a scope, after an
//! error, on Ctrl-C or when asked to terminate. In the latter two cases all children are ended first.

use std::path::Path;
use std::process::exit;
use std::sync::{Mutex, OnceLock};

use anyhow::{Context, Result};
use fs_err as fs;
use tempfile::TempDir;

use crate::files::temporary_dir_in;
use crate::process::lock_ignoring_poison;

type Action = Box<dyn FnOnce() + Send>;

static ACTIONS: Mutex<Vec<(u64, Action)>> = Mutex::new(Vec::new());
static HANDLER: OnceLock<()> = OnceLock::new();
/// What ends all children, if there were any.
static KILL_CHILDREN: OnceLock<fn()> = OnceLock::new();

/// The exit code of a program that Ctrl-C ended, by the convention of shells.
const INTERRUPTED_EXIT_CODE: i32 = 130;

/// Something to undo; it is undone when this is dropped.
#[must_use = "it is undone at once otherwise"]
pub struct Cleanup {
    key: u64,
}

impl Cleanup {
    /// Has `action` done when this is dropped, or when the process is interrupted before.
    pub fn new(action: impl FnOnce() + Send + 'static) -> Result<Self> {
        install_handler()?;
        let mut actions = lock_ignoring_poison(&ACTIONS);
        let key = actions.last().map_or(0, |(key, _)| key + 1);
        actions.push((key, Box::new(action)));
        Ok(Self { key })
    }
}

/// A folder in `parent` for what runs. A process that Ctrl-C ends does not drop its values.
pub fn scratch_dir(parent: &Path) -> Result<(TempDir, Cleanup)> {
    let scratch = temporary_dir_in(parent, ".running-")?;
    let path = scratch.path().to_owned();
    let cleanup = Cleanup::new(move || {
        let _ = fs::remove_dir_all(path);
    })?;
    Ok((scratch, cleanup))
}

/// Has `kill` called first when this process is interrupted or asked to terminate.
pub(crate) fn set_child_killer(kill: fn()) -> Result<()> {
    KILL_CHILDREN.get_or_init(|| kill);
    install_handler()
}

/// Has all children ended and everything undone when this process is interrupted or asked to terminate.
pub fn install_handler() -> Result<()> {
    if HANDLER.set(()).is_err() {
        return Ok(());
    }
    ctrlc::set_handler(|| {
        // What is running goes before the folder that it runs in.
        if let Some(kill) = KILL_CHILDREN.get() {
            kill();
        }
        // The last thing that was started goes first. The lock stays taken: whoever
        // would undo something else now waits until the process has ended.
        let mut actions = lock_ignoring_poison(&ACTIONS);
        while let Some((_, action)) = actions.pop() {
            action();
        }
        exit(INTERRUPTED_EXIT_CODE);
    })
    .context("failed to handle Ctrl-C")
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        let mut actions = lock_ignoring_poison(&ACTIONS);
        if let Some(place) = actions.iter().position(|(key, _)| *key == self.key) {
            let (_, action) = actions.remove(place);
            // Done with the lock held, so that an interrupted process does not end before it.
            action();
        }
    }
}
