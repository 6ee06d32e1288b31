//! A running emulator, in a container or as a process: what it said, and whether it still runs.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use super::engine::docker;
use support::process::{descendants, lock};

/// How much of the log an error repeats, in lines.
const TAIL: usize = 20;

/// The emulator.
pub enum Instance {
    /// A process, with what it says in a file.
    Process {
        /// The file.
        log: PathBuf,
        /// The process.
        child: Arc<Mutex<Option<Child>>>,
    },
    /// A container, by its name.
    Container(String),
}

impl Instance {
    /// Whether it has ended by itself.
    pub fn has_ended(&self) -> bool {
        match self {
            Self::Process { child, .. } => match lock(child).as_mut().map(Child::try_wait) {
                Some(Ok(status)) => status.is_some(),
                _ => true,
            },
            Self::Container(name) => {
                let running = docker(&["inspect", "--format", "{{.State.Running}}", name]);
                !running.is_ok_and(|running| running == "true")
            }
        }
    }

    /// What it has started, the last at the end; nothing for a container.
    pub fn started_processes(&self) -> Vec<u32> {
        match self {
            Self::Process { child, .. } => {
                let emulator = lock(child).as_ref().map(Child::id);
                emulator.map(descendants).unwrap_or_default()
            }
            Self::Container(_) => Vec::new(),
        }
    }

    /// All that the emulator and the function said.
    pub fn log(&self) -> String {
        match self {
            Self::Process { log, .. } => fs::read_to_string(log).unwrap_or_default(),
            Self::Container(name) => {
                let output = Command::new("docker").args(["logs", name]).output();
                output.map_or_else(
                    |error| error.to_string(),
                    |output| {
                        let both = [output.stdout, output.stderr].concat();
                        String::from_utf8_lossy(&both).into_owned()
                    },
                )
            }
        }
    }

    /// The end of it, for errors.
    pub fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(TAIL)..];
        format!("  | {}", tail.join("\n  | "))
    }
}
