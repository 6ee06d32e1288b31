//! The resources that a process uses.

use std::time::Duration;

use anyhow::{Context, Result};
use fs_err as fs;
use rustix::param::clock_ticks_per_second;

/// A field of a process's status in kB, such as `VmRSS`, the resident memory, or `VmHWM`, its peak. Source:
/// proc_pid_status(5).
pub fn status_kilobytes(process: u32, field: &str) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path)?;
    let line = status.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name == field).then_some(value)
    });
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("`{path}` has no {field}"))
}

/// Resets `VmHWM` to the current resident memory. Source: proc_pid_clear_refs(5).
pub fn reset_peak_memory(process: u32) -> Result<()> {
    let path = format!("/proc/{process}/clear_refs");
    Ok(fs::write(&path, "5")?)
}

/// The number of a process's file descriptors.
pub fn open_files(process: u32) -> Result<usize> {
    let path = format!("/proc/{process}/fd");
    let entries = fs::read_dir(&path)?;
    Ok(entries.count())
}

/// The user and system time of a process and its threads, usually in steps of 10 ms. Source: proc_pid_stat(5).
pub fn cpu_time(process: u32) -> Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path)?;
    // The second field, the name, is in parentheses and may contain spaces.
    let (_, rest) = text.rsplit_once(')').with_context(|| format!("`{path}` has no name"))?;
    let ticks = rest.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_secs(ticks) / u32::try_from(clock_ticks_per_second())?)
}
