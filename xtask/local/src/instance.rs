//! A running emulator, as a process or in a container: its log and state.

use std::path::PathBuf;

use fs_err as fs;

use super::engine::docker;
use support::child::Child;
use support::process;
use support::run::{Shell, cmd, wait_with_output};

/// The lines of the log in an error.
const TAIL_LINES: usize = 20;

pub enum Instance {
    Process {
        log: PathBuf,
        child: Child,
    },
    /// The container's name.
    Container(String),
}

impl Instance {
    pub fn has_exited(&self) -> bool {
        match self {
            Self::Process { child, .. } => !matches!(child.try_wait(), Ok(None)),
            Self::Container(name) => {
                let running = docker(&["inspect", "--format", "{{.State.Running}}", name]);
                !running.is_ok_and(|running| running == "true")
            }
        }
    }

    /// The IDs of its descendants, breadth first; empty for a container.
    pub fn descendants(&self) -> Vec<u32> {
        match self {
            Self::Process { child, .. } => process::descendants(child.id()),
            Self::Container(_) => Vec::new(),
        }
    }

    pub fn log(&self) -> String {
        match self {
            Self::Process { log, .. } => fs::read_to_string(log).unwrap_or_default(),
            Self::Container(name) => {
                let logs = || {
                    let sh = Shell::new()?;
                    wait_with_output(cmd!(sh, "docker logs {name}"))
                };
                let both = logs().map(|ended| [ended.stdout, ended.stderr].concat());
                both.map_or_else(
                    |error| format!("{error:#}"),
                    |both| String::from_utf8_lossy(&both).into_owned(),
                )
            }
        }
    }

    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
        format!("  | {}", tail.join("\n  | "))
    }
}
