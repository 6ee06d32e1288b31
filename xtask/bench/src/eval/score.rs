//! Scores detected boxes against labels.

use serde::Serialize;

/// Left, top, width, height, in pixels.
pub type Rectangle = [f64; 4];

/// The minimum intersection over union of a correct box and its label.
pub const IOU_THRESHOLD: f64 = 0.4;

pub struct Matching {
    pub correct_boxes: Vec<bool>,
    pub matched_labels: Vec<bool>,
}

impl Matching {
    /// Matches every label with at most one box and every box with at most one label, pairs with the largest overlap
    /// first.
    pub fn of(boxes: &[Rectangle], labels: &[Rectangle]) -> Self {
        let mut pairs = Vec::new();
        for (index, found) in boxes.iter().enumerate() {
            for (label, marked) in labels.iter().enumerate() {
                let overlap = intersection_over_union(*found, *marked);
                if overlap >= IOU_THRESHOLD {
                    pairs.push((overlap, index, label));
                }
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut matched = Self {
            correct_boxes: vec![false; boxes.len()],
            matched_labels: vec![false; labels.len()],
        };
        for (_, index, label) in pairs {
            if !matched.correct_boxes[index] && !matched.matched_labels[label] {
                matched.correct_boxes[index] = true;
                matched.matched_labels[label] = true;
            }
        }
        matched
    }

    pub fn score(&self) -> Score {
        let count = |of: &[bool], what: bool| of.iter().filter(|one| **one == what).count();
        Score {
            true_positives: count(&self.matched_labels, true),
            false_positives: count(&self.correct_boxes, false),
            false_negatives: count(&self.matched_labels, false),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    pub true_positives: usize,
    pub false_positives: usize,
    pub false_negatives: usize,
}

impl Score {
    pub fn sum<'a>(scores: impl IntoIterator<Item = &'a Self>) -> Self {
        scores.into_iter().fold(Self::default(), |sum, score| Self {
            true_positives: sum.true_positives + score.true_positives,
            false_positives: sum.false_positives + score.false_positives,
            false_negatives: sum.false_negatives + score.false_negatives,
        })
    }

    /// The correct part of the boxes; 1 without any boxes.
    pub fn precision(&self) -> f64 {
        ratio(self.true_positives, self.true_positives + self.false_positives)
    }

    /// The found part of the labels; 1 without any labels.
    pub fn recall(&self) -> f64 {
        ratio(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// The harmonic mean of precision and recall.
    pub fn f1(&self) -> f64 {
        ratio(
            2 * self.true_positives,
            2 * self.true_positives + self.false_positives + self.false_negatives,
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

pub fn intersection_over_union(a: Rectangle, b: Rectangle) -> f64 {
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

    const A: Rectangle = [0.0, 0.0, 10.0, 10.0];
    const NEAR_A: Rectangle = [1.0, 0.0, 10.0, 10.0];
    const FAR: Rectangle = [50.0, 50.0, 10.0, 10.0];

    #[test]
    fn each_label_matches_one_box() {
        let score = Matching::of(&[NEAR_A, A, FAR], &[A]).score();
        let expected = Score {
            true_positives: 1,
            false_positives: 2,
            false_negatives: 0,
        };
        assert_eq!(score, expected);
        // The box with the larger overlap is the correct one.
        assert_eq!(Matching::of(&[NEAR_A, A], &[A]).correct_boxes, [false, true]);
    }

    #[test]
    fn ratios_are_over_all_photos() {
        let photos = [Matching::of(&[A], &[A, FAR]), Matching::of(&[FAR], &[A])];
        let score = Score::sum(&photos.map(|photo| photo.score()));
        assert!((score.precision() - 1.0 / 2.0).abs() < 1e-9);
        assert!((score.recall() - 1.0 / 3.0).abs() < 1e-9);
        assert!((score.f1() - 2.0 / 5.0).abs() < 1e-9);
        assert!((Score::default().precision() - 1.0).abs() < 1e-9);
    }
}
