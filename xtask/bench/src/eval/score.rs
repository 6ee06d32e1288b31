//! Boxes that were found against boxes that people drew.

use serde::Serialize;

/// Left, top, width, height, in pixels.
pub type Area = [f64; 4];

/// How much a box must share with a label to be right: intersection over union.
pub const SAME: f64 = 0.4;

pub struct Match {
    pub right: Vec<bool>,
    pub found: Vec<bool>,
}

impl Match {
    /// Every label has at most one box and every box one label; who share most are matched first.
    pub fn of(boxes: &[Area], labels: &[Area]) -> Self {
        let mut pairs = Vec::new();
        for (place, found) in boxes.iter().enumerate() {
            for (label, marked) in labels.iter().enumerate() {
                let shared = shared(*found, *marked);
                if shared >= SAME {
                    pairs.push((shared, place, label));
                }
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut matched = Self {
            right: vec![false; boxes.len()],
            found: vec![false; labels.len()],
        };
        for (_, place, label) in pairs {
            if !matched.right[place] && !matched.found[label] {
                matched.right[place] = true;
                matched.found[label] = true;
            }
        }
        matched
    }

    pub fn score(&self) -> Score {
        let count = |of: &[bool], what: bool| of.iter().filter(|one| **one == what).count();
        Score {
            found: count(&self.found, true),
            false_alarms: count(&self.right, false),
            missed: count(&self.found, false),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    pub found: usize,
    pub false_alarms: usize,
    pub missed: usize,
}

impl Score {
    pub fn sum<'a>(scores: impl IntoIterator<Item = &'a Self>) -> Self {
        scores.into_iter().fold(Self::default(), |sum, score| Self {
            found: sum.found + score.found,
            false_alarms: sum.false_alarms + score.false_alarms,
            missed: sum.missed + score.missed,
        })
    }

    /// The part of the boxes that is right; 1 without any.
    pub fn precision(&self) -> f64 {
        ratio(self.found, self.found + self.false_alarms)
    }

    /// The part of the labels that was found; 1 without any.
    pub fn recall(&self) -> f64 {
        ratio(self.found, self.found + self.missed)
    }

    /// The harmonic mean of both.
    pub fn f1(&self) -> f64 {
        ratio(
            2 * self.found,
            2 * self.found + self.false_alarms + self.missed,
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are not that many faces")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 1.0;
    }
    part as f64 / whole as f64
}

pub fn shared(a: Area, b: Area) -> f64 {
    let overlap = |axis: usize| {
        let end = (a[axis] + a[axis + 2]).min(b[axis] + b[axis + 2]);
        (end - a[axis].max(b[axis])).max(0.0)
    };
    let both = overlap(0) * overlap(1);
    both / (a[2] * a[3] + b[2] * b[3] - both)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Area = [0.0, 0.0, 10.0, 10.0];
    const NEAR_A: Area = [1.0, 0.0, 10.0, 10.0];
    const FAR: Area = [50.0, 50.0, 10.0, 10.0];

    #[test]
    fn a_label_is_found_once() {
        let score = Match::of(&[NEAR_A, A, FAR], &[A]).score();
        let expected = Score {
            found: 1,
            false_alarms: 2,
            missed: 0,
        };
        assert_eq!(score, expected);
        // The better of both is the right one.
        assert_eq!(Match::of(&[NEAR_A, A], &[A]).right, [false, true]);
    }

    #[test]
    fn the_ratios_are_those_of_all_photos() {
        let photos = [Match::of(&[A], &[A, FAR]), Match::of(&[FAR], &[A])];
        let score = Score::sum(&photos.map(|photo| photo.score()));
        assert!((score.precision() - 1.0 / 2.0).abs() < 1e-9);
        assert!((score.recall() - 1.0 / 3.0).abs() < 1e-9);
        assert!((score.f1() - 2.0 / 5.0).abs() < 1e-9);
        assert!((Score::default().precision() - 1.0).abs() < 1e-9);
    }
}
