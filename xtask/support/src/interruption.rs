//! Cleanup at the end of a scope, after an error, on Ctrl-C and on SIGTERM. On the latter two, every `Child` is killed
//! and waited for first, and all other descendants get SIGTERM.

use std::path::Path;
use std::process::exit;
use std::sync::{Mutex, OnceLock};

use anyhow::{Context, Result};
use fs_err as fs;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::files::temporary_dir_in;
use crate::process::descendants;
use crate::sync::lock_ignoring_poison;

type Action = Box<dyn FnOnce() + Send>;

static ACTIONS: Mutex<Vec<(u64, Action)>> = Mutex::new(Vec::new());
static HANDLER: OnceLock<()> = OnceLock::new();
static KILL_CHILDREN: OnceLock<fn()> = OnceLock::new();

/// The exit code of a program ended by Ctrl-C, by the convention of shells: 128 + SIGINT.
const INTERRUPTED_EXIT_CODE: i32 = 130;

/// An action that runs when this is dropped.
#[must_use = "otherwise the action runs at once"]
pub struct Cleanup {
    key: u64,
}

impl Cleanup {
    /// Runs `action` when this is dropped, or when the process is interrupted before that.
    pub fn new(action: impl FnOnce() + Send + 'static) -> Result<Self> {
        install_handler()?;
        let mut actions = lock_ignoring_poison(&ACTIONS);
        let key = actions.last().map_or(0, |(key, _)| key + 1);
        actions.push((key, Box::new(action)));
        Ok(Self { key })
    }
}

/// A temporary folder in `parent` that is also removed on Ctrl-C, when values are not dropped.
pub fn scratch_dir(parent: &Path) -> Result<(TempDir, Cleanup)> {
    let scratch = temporary_dir_in(parent, ".running-")?;
    let path = scratch.path().to_owned();
    let cleanup = Cleanup::new(move || {
        let _ = fs::remove_dir_all(path);
    })?;
    Ok((scratch, cleanup))
}

/// Calls `kill` first when this process gets SIGINT or SIGTERM.
pub(crate) fn set_child_killer(kill: fn()) -> Result<()> {
    KILL_CHILDREN.get_or_init(|| kill);
    install_handler()
}

/// Kills all children and runs all cleanups when this process gets SIGINT or SIGTERM.
pub fn install_handler() -> Result<()> {
    if HANDLER.set(()).is_err() {
        return Ok(());
    }
    ctrlc::set_handler(|| {
        // Processes end before their folders are removed.
        if let Some(kill) = KILL_CHILDREN.get() {
            kill();
        }
        terminate_descendants();
        // In reverse order. The lock is kept, so that other threads that drop a `Cleanup` wait until the process exits.
        let mut actions = lock_ignoring_poison(&ACTIONS);
        while let Some((_, action)) = actions.pop() {
            action();
        }
        exit(INTERRUPTED_EXIT_CODE);
    })
    .context("failed to handle Ctrl-C")
}

/// Sends SIGTERM to all processes that this one started, directly or not: SIGTERM, unlike Ctrl-C, is sent to this
/// process alone, and a build tool would end only when its next output has no reader.
fn terminate_descendants() {
    for process in descendants(std::process::id()) {
        if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
            // An error means that the process has ended.
            let _ = kill_process(process, Signal::TERM);
        }
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        let mut actions = lock_ignoring_poison(&ACTIONS);
        if let Some(place) = actions.iter().position(|(key, _)| *key == self.key) {
            let (_, action) = actions.remove(place);
            // With the lock held, an interrupted process does not exit before the action is done.
            action();
        }
    }
}
