//! Processes: what one has started, and what it takes of the machine.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fs_err as fs;

use anyhow::{Context, Result};
use rustix::param::clock_ticks_per_second;
use rustix::process::{Signal, set_parent_process_death_signal};

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
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter();
    let threads = threads.flatten().flatten().map(|thread| thread.path());
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.join("children")).ok());
    let numbers = Vec::from_iter(lists).join(" ");
    let numbers = numbers.split_whitespace();
    numbers.filter_map(|number| number.parse().ok()).collect()
}

/// A lock whose value is good even if somebody panicked with it.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number of kilobytes from a process's status: `VmRSS`, what it has in memory now, or `VmHWM`, the
/// most that it had. Source: proc_pid_status(5).
pub fn kilobytes(process: u32, field: &str) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path)?;
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
    Ok(fs::write(&path, "5")?)
}

/// How many files, sockets and the like a process has open.
pub fn open_files(process: u32) -> Result<usize> {
    let path = format!("/proc/{process}/fd");
    let entries = fs::read_dir(&path)?;
    Ok(entries.count())
}

/// How long all processors together worked for a process and its threads so far, in steps of a
/// hundredth of a second. Source: proc_pid_stat(5).
pub fn worked(process: u32) -> Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path)?;
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
    use crate::run::output;

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
