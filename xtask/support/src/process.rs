//! Processes: running one to its end, ending one with all that it started, and what one takes of the
//! machine.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::run::show;
use anyhow::{Context, Result, ensure};
use rustix::param::clock_ticks_per_second;
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};

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

/// Has a command's process asked to end when this one does, however that comes about. Source: PR_SET_PDEATHSIG(2const).
pub fn end_with_this(command: &mut Command) {
    let ask = || Ok(set_parent_process_death_signal(Some(Signal::TERM))?);
    // SAFETY: between fork and exec it does nothing but one system call.
    unsafe { command.pre_exec(ask) };
}

/// Gives a command's process, and what that starts, the lowest scheduling priority.
pub fn yield_to_others(command: &mut Command) {
    // Where it is refused, it works like all others.
    let nice = || {
        let _ = rustix::process::nice(19);
        Ok(())
    };
    // SAFETY: between fork and exec it does nothing but one system call.
    unsafe { command.pre_exec(nice) };
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

/// Runs a command that prints to stderr whatever it prints.
pub fn succeed(command: &mut Command) -> Result<()> {
    let shown = show(command);
    // cargo test talks on stdout, which is for our answer.
    command.stdout(std::io::stderr());
    let status = command
        .status()
        .with_context(|| format!("failed to start `{shown}`"))?;
    ensure!(
        status.success(),
        "failed to run `{shown}`: {status}; its output is above"
    );
    Ok(())
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

/// A number of kilobytes from a process's status: `VmRSS`, what it has in memory now, or `VmHWM`, the
/// most that it had. Source: proc_pid_status(5).
pub fn kilobytes(process: u32, field: &str) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("failed to read `{path}`"))?;
    let line = status.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name == field).then_some(value)
    });
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("`{path}` names no {field}"))
}

/// Has the most memory that a process had counted from now on. Source: proc_pid_clear_refs(5).
pub fn forget_peak(process: u32) -> Result<()> {
    let path = format!("/proc/{process}/clear_refs");
    fs::write(&path, "5").with_context(|| format!("failed to write `{path}`"))
}

/// How many files, sockets and the like a process has open.
pub fn open_files(process: u32) -> Result<usize> {
    let path = format!("/proc/{process}/fd");
    let entries = fs::read_dir(&path).with_context(|| format!("failed to read `{path}`"))?;
    Ok(entries.count())
}

/// How long all processors together worked for a process and its threads so far, in steps of a
/// hundredth of a second. Source: proc_pid_stat(5).
pub fn worked(process: u32) -> Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("failed to read `{path}`"))?;
    // The second field, the name, is in brackets and may have blanks.
    let (_, rest) = text
        .rsplit_once(')')
        .with_context(|| format!("`{path}` has no name"))?;
    let ticks = rest.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_secs(ticks) / u32::try_from(clock_ticks_per_second())?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::thread;

    use super::*;

    #[test]
    fn a_process_that_yields_has_the_lowest_priority() {
        let mut nice = Command::new("nice");
        yield_to_others(&mut nice);
        assert_eq!(output(&mut nice).unwrap(), "19");
    }

    #[test]
    fn a_process_ends_with_what_started_it() {
        // To Linux it is the thread that starts a process.
        let start = || {
            let mut sleep = Command::new("sleep");
            sleep.arg("60");
            end_with_this(&mut sleep);
            sleep.spawn().unwrap()
        };
        let mut child = thread::spawn(start).join().unwrap();
        let ended = child.wait().unwrap().signal();
        assert_eq!(ended, Some(Signal::TERM.as_raw()));
    }
}
