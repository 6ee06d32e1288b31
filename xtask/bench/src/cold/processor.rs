//! What a process has taken of processors so far: whatever else the machine does hardly changes it.

use std::path::Path;

use anyhow::Result;
use fs_err as fs;
use support::files::sorted_entries;

/// Milliseconds of all threads that a process has. Source: Linux's documentation, scheduler/sched-stats.
pub fn used(process: u32) -> Result<f64> {
    let mut nanoseconds = 0.0;
    for thread in sorted_entries(Path::new(&format!("/proc/{process}/task")))? {
        // A thread can end while we look at it.
        let text = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
        let first = text.split_whitespace().next();
        nanoseconds += first
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or_default();
    }
    Ok(nanoseconds / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_taken_some() {
        assert!(used(std::process::id()).unwrap() > 0.0);
        assert!(used(0).is_err());
    }
}
