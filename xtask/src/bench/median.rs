//! The middle of several measurements: the machine is noisy, and a mean follows its noise.

use std::time::{Duration, Instant};

use anyhow::Result;

/// The median of some times, in milliseconds.
pub fn milliseconds(mut times: Vec<Duration>) -> f64 {
    times.sort();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    (middle.as_secs_f64() * 1e4).round() / 10.0
}

/// How long something takes.
pub fn time(work: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_run_does_not_move_the_median() {
        let times = [3, 900, 1].map(Duration::from_millis);
        assert!((milliseconds(times.to_vec()) - 3.0).abs() < f64::EPSILON);
    }
}
