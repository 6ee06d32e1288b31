//! What a process has taken of processors so far: whatever else the machine does hardly changes it.

use std::fs;

use anyhow::{Context, Result};

/// Milliseconds of all threads that a process has. Source: Linux's documentation, scheduler/sched-stats.
pub fn used(process: u32) -> Result<f64> {
    let folder = format!("/proc/{process}/task");
    let failed = || format!("failed to read `{folder}`");
    let mut nanoseconds = 0.0;
    for thread in fs::read_dir(&folder).with_context(failed)? {
        let path = thread.with_context(failed)?.path().join("schedstat");
        // A thread can end while we look at it.
        let text = fs::read_to_string(&path).unwrap_or_default();
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
