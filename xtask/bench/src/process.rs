//! What Linux tells of a process: its memory, what it has read, and what it has taken of processors.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result};
use fs_err as fs;
use support::files::sorted_entries;

/// Ticks of the clock of processes in a second, on every Linux. Source: proc_pid_stat(5), `USER_HZ`.
const TICKS: f64 = 100.0;

/// The most resident memory that a process had, in kB. Source: proc_pid_status(5).
pub fn peak<T: FromStr>(process: impl Display) -> Result<T> {
    number(&format!("/proc/{process}/status"), "VmHWM:")
}

/// The bytes that a process has read from the disk. Source: proc_pid_io(5).
pub fn read_from_disk(process: u32) -> Result<f64> {
    number(&format!("/proc/{process}/io"), "read_bytes:")
}

fn number<T: FromStr>(path: &str, name: &str) -> Result<T> {
    let text = fs::read_to_string(path)?;
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let number = value.and_then(|value| value.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("`{path}` names no {}", name.trim_end_matches(':')))
}

/// Milliseconds of processors that all living threads of a process have taken, whatever else the machine does.
/// Source: Linux's documentation, scheduler/sched-stats.
pub fn processor_time_of_threads(process: u32) -> Result<f64> {
    let mut nanoseconds = 0.0;
    for thread in sorted_entries(Path::new(&format!("/proc/{process}/task")))? {
        // A thread can end while we look at it.
        let text = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
        let first = text.split_whitespace().next();
        nanoseconds += first.map_or(0.0, |text| text.parse::<f64>().unwrap_or_default());
    }
    Ok(nanoseconds / 1e6)
}

/// Milliseconds of processors that a process has taken, with threads that have ended, by the clock's ticks.
/// Source: proc_pid_stat(5).
pub fn processor_time(process: u32) -> Result<f64> {
    let path = format!("/proc/{process}/stat");
    let ticks = ticks(&fs::read_to_string(&path)?);
    Ok(ticks.with_context(|| format!("`{path}` names no times"))? / TICKS * 1e3)
}

/// The program's and the system's ticks: the 14th and 15th field. The second, a name in brackets, may have
/// spaces in it.
fn ticks(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_taken_memory_and_time() {
        let own = std::process::id();
        assert!(peak::<f64>(own).unwrap() > 0.0);
        assert!(peak::<u64>("self").unwrap() > 0);
        read_from_disk(own).unwrap();
        assert!(processor_time_of_threads(own).unwrap() > 0.0);
        assert!(processor_time_of_threads(0).is_err());
        assert!(processor_time(own).unwrap() >= 0.0);
    }

    #[test]
    fn what_a_file_does_not_name_is_an_error_that_names_it() {
        let error = number::<u64>("/proc/self/status", "VmNone:").unwrap_err();
        assert_eq!(error.to_string(), "`/proc/self/status` names no VmNone");
    }

    #[test]
    fn the_right_fields_are_summed_whatever_the_name_is() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4 100 0 0 0 41 2 9 9 20 0 1 0 5 6 7";
        assert_eq!(ticks(stat), Some(43.0));
        assert_eq!(ticks("7 (a) S 1"), None);
    }
}
