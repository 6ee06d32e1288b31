//! Processes: running one to its end, and ending one with all that it started.

use std::fs;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};
use opencv_build::run::show;
use rustix::process::{Pid, Signal, kill_process};

/// Ends a process and all that it started: the emulator starts the function in a process group
/// of its own and does not end it when it is killed.
pub fn end(child: &mut Child) {
    let started = descendants(child.id());
    for process in [child.id()].into_iter().chain(started) {
        if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
            // One that has ended already is no failure.
            let _ = kill_process(process, Signal::KILL);
        }
    }
    let _ = child.wait();
}

/// What a process started, and what that started, and so on.
pub fn descendants(process: u32) -> Vec<u32> {
    let mut processes = vec![process];
    let mut next = 0;
    while let Some(process) = processes.get(next).copied() {
        processes.extend(children(process));
        next += 1;
    }
    processes.split_off(1)
}

/// The processes that a process started. Source: proc_pid_task_children(5).
fn children(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    let lists = threads
        .into_iter()
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
    lists
        .flat_map(|list| {
            let numbers = list
                .split_whitespace()
                .filter_map(|number| number.parse().ok());
            numbers.collect::<Vec<_>>()
        })
        .collect()
}

/// What a command prints, if it succeeds.
pub fn output(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output = command
        .output()
        .with_context(|| format!("failed to start `{shown}`"))?;
    ensure!(
        output.status.success(),
        "failed to run `{shown}`: {}\n  | {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
            .trim()
            .replace('\n', "\n  | ")
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A lock whose value is good even if somebody panicked with it.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
