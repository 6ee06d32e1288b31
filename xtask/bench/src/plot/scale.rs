//! A logarithmic scale from values to positions in the plot, and its ticks.

use crate::figures::format_value;

pub struct Scale {
    /// The logarithms of the bounds.
    from: f64,
    to: f64,
    left: i32,
    right: i32,
}

/// Ticks of a decade; the first of these with at most [`MAX_TICKS`] ticks is used.
const TICKS: [&[f64]; 3] = [&[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
const MAX_TICKS: usize = 8;
/// The minimum width as a logarithm; a narrower scale would magnify noise.
const MIN_WIDTH: f64 = 0.7;

impl Scale {
    /// A scale for `values` between the positions `left` and `right`. Values that are not positive, and so have no
    /// logarithm, are at `left`.
    pub fn of(values: &[f64], left: i32, right: i32) -> Self {
        let values = values.iter().copied().filter(|value| *value > 0.0);
        let logarithms = values.map(f64::log10);
        let from = logarithms.clone().reduce(f64::min).unwrap_or(0.0);
        let to = logarithms.reduce(f64::max).unwrap_or(1.0);
        let missing = (MIN_WIDTH - (to - from)).max(0.0) / 2.0;
        Self {
            from: from - missing,
            to: to + missing,
            left,
            right,
        }
    }

    pub fn position(&self, value: f64) -> i32 {
        if value <= 0.0 {
            return self.left;
        }
        let part = (value.log10() - self.from) / (self.to - self.from);
        let position = f64::from(self.left) + part.clamp(0.0, 1.0) * f64::from(self.right - self.left);
        #[expect(clippy::cast_possible_truncation, reason = "it is between two i32")]
        let position = position.round() as i32;
        position
    }

    pub fn ticks(&self) -> Vec<f64> {
        let all = TICKS.map(|steps| self.ticks_of(steps));
        let few = all.iter().find(|ticks| ticks.len() <= MAX_TICKS);
        few.or(all.last()).cloned().unwrap_or_default()
    }

    fn ticks_of(&self, steps: &[f64]) -> Vec<f64> {
        #[expect(clippy::cast_possible_truncation, reason = "logarithms are small")]
        let decades = self.from.floor() as i32..=self.to.ceil() as i32;
        let values = decades.flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)));
        let inside = |value: &f64| (self.from..=self.to).contains(&value.log10());
        values.filter(inside).collect()
    }
}

/// A tick's value without trailing zeros of fractions.
pub fn label(tick: f64) -> String {
    let text = format_value(tick);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ratios_have_equal_distances() {
        let scale = Scale::of(&[1.0, 100.0], 0, 200);
        assert_eq!([1.0, 10.0, 100.0].map(|value| scale.position(value)), [0, 100, 200]);
        assert_eq!(scale.position(0.0), 0);
        assert_eq!(scale.position(1e9), 200);
    }

    #[test]
    fn ticks_are_round_and_few() {
        let ticks = |values: &[f64]| Scale::of(values, 0, 400).ticks();
        assert_eq!(ticks(&[1.0, 100.0]), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        assert_eq!(ticks(&[0.001, 1e4]).len(), 8);
        assert!(!ticks(&[7.0]).is_empty());
        assert!(!ticks(&[]).is_empty());
        assert_eq!(label(0.5), "0.5");
        assert_eq!(label(20.0), "20");
        assert_eq!(label(100.0), "100");
    }
}
