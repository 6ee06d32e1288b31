//! Percentiles of measurements.

/// The nearest-rank percentile: the smallest value that at least `percent` % of the values do not exceed. It is zero for
/// an empty slice.
pub fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn percentiles_are_measured_values() {
        let hundred: Vec<_> = (1..=100).rev().map(f64::from).collect();
        assert!(near(percentile(&hundred, 99), 99.0));
        assert!(near(percentile(&hundred, 50), 50.0));
        assert!(near(percentile(&[7.0], 99), 7.0));
        assert!(near(percentile(&[7.0, 9.0], 99), 9.0));
        assert!(near(percentile(&[], 99), 0.0));
    }
}
