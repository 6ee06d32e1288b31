//! Timing and geometric means.

use std::time::{Duration, Instant};

use anyhow::Result;

pub fn as_milliseconds(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub fn time_ms(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(as_milliseconds(&start.elapsed()))
}

/// The mean for ratios: that of 2 and 1/2 is 1.
pub fn geometric_mean(ratios: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "there are few")]
    let count = ratios.len() as f64;
    let logarithms: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    (logarithms / count).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn one_outlier_does_not_move_the_median() {
        let times = [3, 900, 1].map(Duration::from_millis);
        let times = times.each_ref().map(as_milliseconds);
        assert!(near(support::median::median(&times), 3.0));
    }

    #[test]
    fn geometric_mean_of_two_and_a_half_is_one() {
        assert!(near(geometric_mean(&[2.0, 0.5]), 1.0));
        assert!(near(geometric_mean(&[4.0, 9.0]), 6.0));
    }
}
