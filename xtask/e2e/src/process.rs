//! What a process takes of the machine.

use std::time::Duration;

use anyhow::{Context, Result};
use fs_err as fs;
use rustix::param::clock_ticks_per_second;

/// A number of kilobytes from a process's status: `VmRSS`, what it has in memory now, or `VmHWM`, the
/// most that it had. Source: proc_pid_status(5).
pub fn status_kilobytes(process: u32, field: &str) -> Result<u64> {
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
pub fn reset_peak_memory(process: u32) -> Result<()> {
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
pub fn cpu_time(process: u32) -> Result<Duration> {
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
