//! Scores detected boxes against labels.

use serde::Serialize;

/// Left, top, width, height, in pixels.
pub type Rectangle = [f64; 4];

/// The minimum intersection over union of a correct box and its label.
pub const IOU_THRESHOLD: f64 = 0.4;

/// The box of a face that a person has marked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    pub rectangle: Rectangle,
    /// It is neither missed, nor are boxes on it wrong.
    pub is_ignored: bool,
}

/// Whether a box is on a label, or a label has a box on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Matched,
    Unmatched,
    /// The label is ignored, or the box is only on an ignored label.
    Ignored,
}

pub struct Matching {
    pub boxes: Vec<Verdict>,
    pub labels: Vec<Verdict>,
}

impl Matching {
    /// Matches every label with at most one box and every box with at most one label, pairs with the largest overlap
    /// first.
    pub fn of(boxes: &[Rectangle], labels: &[Label]) -> Self {
        let mut pairs = Vec::new();
        for (index, found) in boxes.iter().enumerate() {
            for (label, marked) in labels.iter().enumerate() {
                let overlap = intersection_over_union(*found, marked.rectangle);
                if overlap >= IOU_THRESHOLD {
                    pairs.push((overlap, index, label));
                }
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (ignored, pairs): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(.., label)| labels[*label].is_ignored);
        let initial = |label: &Label| {
            if label.is_ignored {
                Verdict::Ignored
            } else {
                Verdict::Unmatched
            }
        };
        let mut matched = Self {
            boxes: vec![Verdict::Unmatched; boxes.len()],
            labels: labels.iter().map(initial).collect(),
        };
        for (_, index, label) in pairs {
            if matched.boxes[index] == Verdict::Unmatched && matched.labels[label] == Verdict::Unmatched {
                matched.boxes[index] = Verdict::Matched;
                matched.labels[label] = Verdict::Matched;
            }
        }
        for (_, index, _) in ignored {
            if matched.boxes[index] == Verdict::Unmatched {
                matched.boxes[index] = Verdict::Ignored;
            }
        }
        matched
    }

    pub fn score(&self) -> Score {
        let count = |of: &[Verdict], what| of.iter().filter(|one| **one == what).count();
        Score {
            true_positives: count(&self.labels, Verdict::Matched),
            false_positives: count(&self.boxes, Verdict::Unmatched),
            false_negatives: count(&self.labels, Verdict::Unmatched),
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

    fn labels(rectangles: &[Rectangle]) -> Vec<Label> {
        let label = |rectangle: &Rectangle| Label {
            rectangle: *rectangle,
            is_ignored: false,
        };
        rectangles.iter().map(label).collect()
    }

    #[test]
    fn each_label_matches_one_box() {
        let score = Matching::of(&[NEAR_A, A, FAR], &labels(&[A])).score();
        let expected = Score {
            true_positives: 1,
            false_positives: 2,
            false_negatives: 0,
        };
        assert_eq!(score, expected);
        // The box with the larger overlap is the correct one.
        let boxes = Matching::of(&[NEAR_A, A], &labels(&[A])).boxes;
        assert_eq!(boxes, [Verdict::Unmatched, Verdict::Matched]);
    }

    #[test]
    fn ignored_labels_are_neither_missed_nor_are_boxes_on_them_wrong() {
        let ignored = |rectangle| Label {
            rectangle,
            is_ignored: true,
        };
        let matched = Matching::of(&[A, NEAR_A], &[ignored(A), ignored(FAR)]);
        assert_eq!(matched.boxes, [Verdict::Ignored; 2]);
        assert_eq!(matched.score(), Score::default());
        // Other labels come first.
        let all = [labels(&[A]), vec![ignored(NEAR_A)]].concat();
        let matched = Matching::of(&[NEAR_A], &all);
        assert_eq!(matched.boxes, [Verdict::Matched]);
        assert_eq!(matched.labels, [Verdict::Matched, Verdict::Ignored]);
    }

    #[test]
    fn ratios_are_over_all_photos() {
        let photos = [
            Matching::of(&[A], &labels(&[A, FAR])),
            Matching::of(&[FAR], &labels(&[A])),
        ];
        let score = Score::sum(&photos.map(|photo| photo.score()));
        assert!((score.precision() - 1.0 / 2.0).abs() < 1e-9);
        assert!((score.recall() - 1.0 / 3.0).abs() < 1e-9);
        assert!((score.f1() - 2.0 / 5.0).abs() < 1e-9);
        assert!((Score::default().precision() - 1.0).abs() < 1e-9);
    }
}
