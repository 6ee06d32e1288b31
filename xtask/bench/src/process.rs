//! Linux's statistics of a process: peak memory, disk reads and CPU time.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result};
use fs_err as fs;
use support::files::sorted_entries;

/// Clock ticks per second, the same on every Linux. Source: proc_pid_stat(5), `USER_HZ`.
const TICKS_PER_SECOND: f64 = 100.0;

/// The peak resident memory of a process, in kB. Source: proc_pid_status(5).
pub fn peak_memory_kb<T: FromStr>(process: impl Display) -> Result<T> {
    read_field(&format!("/proc/{process}/status"), "VmHWM:")
}

/// The bytes that a process has read from the disk. Source: proc_pid_io(5).
pub fn disk_read_bytes(process: u32) -> Result<f64> {
    read_field(&format!("/proc/{process}/io"), "read_bytes:")
}

fn read_field<T: FromStr>(path: &str, name: &str) -> Result<T> {
    let text = fs::read_to_string(path)?;
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let number = value.and_then(|value| value.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("`{path}` has no {}", name.trim_end_matches(':')))
}

/// The CPU time of all living threads of a process, exact to the nanosecond.
/// Source: Linux's documentation, scheduler/sched-stats.
pub fn thread_cpu_time_ms(process: u32) -> Result<f64> {
    let mut nanoseconds = 0.0;
    for thread in sorted_entries(Path::new(&format!("/proc/{process}/task")))? {
        // A thread can end in the meantime.
        let text = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
        let first = text.split_whitespace().next();
        nanoseconds += first.map_or(0.0, |text| text.parse::<f64>().unwrap_or_default());
    }
    Ok(nanoseconds / 1e6)
}

/// The CPU time of a process, including threads that have ended, in steps of 10 ms. Source: proc_pid_stat(5).
pub fn cpu_time_ms(process: u32) -> Result<f64> {
    let path = format!("/proc/{process}/stat");
    let ticks = parse_ticks(&fs::read_to_string(&path)?);
    Ok(ticks.with_context(|| format!("`{path}` has no times"))? / TICKS_PER_SECOND * 1e3)
}

/// The sum of user and system ticks, the 14th and 15th field. The second field, a name in parentheses, may contain
/// spaces.
fn parse_ticks(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_cpu_time() {
        let own = std::process::id();
        assert!(peak_memory_kb::<f64>(own).unwrap() > 0.0);
        assert!(peak_memory_kb::<u64>("self").unwrap() > 0);
        disk_read_bytes(own).unwrap();
        assert!(thread_cpu_time_ms(own).unwrap() > 0.0);
        assert!(thread_cpu_time_ms(0).is_err());
        assert!(cpu_time_ms(own).unwrap() >= 0.0);
    }

    #[test]
    fn missing_fields_are_named_in_errors() {
        let error = read_field::<u64>("/proc/self/status", "VmNone:").unwrap_err();
        assert_eq!(error.to_string(), "`/proc/self/status` has no VmNone");
    }

    #[test]
    fn user_and_system_ticks_are_summed() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4 100 0 0 0 41 2 9 9 20 0 1 0 5 6 7";
        assert_eq!(parse_ticks(stat), Some(43.0));
        assert_eq!(parse_ticks("7 (a) S 1"), None);
    }
}
