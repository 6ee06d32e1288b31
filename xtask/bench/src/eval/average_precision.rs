//! Average precision: the quality of detections over all thresholds of their scores.
//!
//! All detections of all photos are sorted by falling score. With a threshold at each score there is a precision p and
//! a recall r; the interpolated precision at a recall is the highest at that or any larger recall. The average
//! precision is the area under the interpolated curve:
//!
//! ```text
//! AP = Σ_k (r_k − r_{k−1}) · max_{j ≥ k} p_j
//! ```
//!
//! Source: PASCAL VOC's development kit from 2010 on, which uses all points of the curve (Everingham et al., "The
//! PASCAL Visual Object Classes Challenge: A Retrospective", 2015). COCO samples the same curve at 101 recalls. As in
//! COCO, a box takes the free label that it overlaps most, boxes with higher scores first.

use super::face::Face;
use super::score::{IOU_THRESHOLD, Label, intersection_over_union};

/// The scored boxes of all photos.
#[derive(Clone, Debug, Default)]
pub struct ScoredBoxes {
    /// A box's score, and whether it is correct.
    boxes: Vec<(f64, bool)>,
    /// The number of labels that are to be found.
    labels: usize,
}

impl ScoredBoxes {
    /// Adds the faces of a photo. Those without a score are omitted, and so are those on ignored labels.
    pub fn add(&mut self, faces: &[Face], labels: &[Label]) {
        let mut faces: Vec<_> = faces
            .iter()
            .filter_map(|face| Some((face.score?, face.rectangle)))
            .collect();
        faces.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut taken = vec![false; labels.len()];
        for (score, rectangle) in faces {
            let overlaps = labels.iter().enumerate().filter_map(|(index, label)| {
                let overlap = intersection_over_union(rectangle, label.rectangle);
                (overlap >= IOU_THRESHOLD).then_some((index, overlap))
            });
            let overlaps: Vec<_> = overlaps.collect();
            let free = overlaps
                .iter()
                .filter(|(index, _)| !taken[*index] && !labels[*index].is_ignored);
            if let Some((index, _)) = free.max_by(|a, b| a.1.total_cmp(&b.1)) {
                taken[*index] = true;
                self.boxes.push((score, true));
            } else if !overlaps.iter().any(|(index, _)| labels[*index].is_ignored) {
                self.boxes.push((score, false));
            }
        }
        self.labels += labels.iter().filter(|label| !label.is_ignored).count();
    }

    /// From 0 to 1; none without labels.
    pub fn average_precision(&self) -> Option<f64> {
        let curve = self.curve();
        let areas = curve.iter().enumerate().map(|(k, (recall, _))| {
            let before = k.checked_sub(1).map_or(0.0, |before| curve[before].0);
            (recall - before, k)
        });
        // From the largest recall down, so that the highest precision so far is that of the interpolated curve.
        let (area, _) = areas.rev().fold((0.0, 0.0_f64), |(area, highest), (width, k)| {
            let highest = highest.max(curve[k].1);
            (area + width * highest, highest)
        });
        (self.labels > 0).then_some(area)
    }

    /// Recall and precision at each score, by rising recall. Boxes with the same score are one point: their order would
    /// be that of the photos.
    #[expect(clippy::cast_precision_loss, reason = "there are not that many faces")]
    fn curve(&self) -> Vec<(f64, f64)> {
        let mut boxes = self.boxes.clone();
        boxes.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut found, mut correct) = (0, 0);
        let mut curve = Vec::new();
        for same in boxes.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
            found += same.len();
            correct += same.iter().filter(|(_, is_correct)| *is_correct).count();
            curve.push((correct as f64 / self.labels as f64, correct as f64 / found as f64));
        }
        curve
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(left: f64) -> [f64; 4] {
        [left, 0.0, 10.0, 10.0]
    }

    fn face(left: f64, score: f64) -> Face {
        Face {
            rectangle: at(left),
            score: Some(score),
            landmarks: None,
        }
    }

    fn label(left: f64, is_ignored: bool) -> Label {
        Label {
            rectangle: at(left),
            is_ignored,
        }
    }

    fn average_precision(faces: &[Face], labels: &[Label]) -> Option<f64> {
        let mut boxes = ScoredBoxes::default();
        boxes.add(faces, labels);
        boxes.average_precision()
    }

    #[test]
    fn a_computation_by_hand() {
        // Two photos with two faces each. By falling score: correct, wrong, correct, wrong, correct; one is missed.
        let mut boxes = ScoredBoxes::default();
        let labels = [label(0.0, false), label(100.0, false)];
        boxes.add(&[face(0.0, 0.9), face(100.0, 0.7), face(200.0, 0.6)], &labels);
        boxes.add(&[face(200.0, 0.8), face(0.0, 0.5)], &labels);
        // Recalls 1/4, 1/4, 2/4, 2/4, 3/4 with precisions 1, 1/2, 2/3, 1/2, 3/5; interpolated 1, 2/3, 2/3, 3/5, 3/5.
        let expected = 0.25 * 1.0 + 0.25 * (2.0 / 3.0) + 0.25 * (3.0 / 5.0);
        let found = boxes.average_precision().unwrap();
        assert!((found - expected).abs() < 1e-12, "{found}");
    }

    #[test]
    fn all_found_first_is_one_and_nothing_found_is_zero() {
        let labels = [label(0.0, false), label(100.0, false)];
        let found = average_precision(&[face(0.0, 0.9), face(101.0, 0.8), face(50.0, 0.4)], &labels);
        assert!((found.unwrap() - 1.0).abs() < 1e-12, "{found:?}");
        assert_eq!(average_precision(&[], &labels), Some(0.0));
        assert_eq!(average_precision(&[face(0.0, 0.9)], &[]), None);
    }

    #[test]
    fn a_second_box_on_a_face_is_wrong_and_boxes_on_ignored_faces_do_not_count() {
        let labels = [label(0.0, false), label(100.0, true)];
        // The box of 0.9 is on the ignored face; that of 0.8 is correct and that of 0.7 is a second one.
        let found = average_precision(&[face(0.0, 0.8), face(1.0, 0.7), face(100.0, 0.9)], &labels);
        assert!((found.unwrap() - 1.0).abs() < 1e-12, "{found:?}");
        let found = average_precision(&[face(0.0, 0.6), face(50.0, 0.7)], &labels);
        assert!((found.unwrap() - 0.5).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn equal_scores_are_one_point_of_the_curve() {
        let labels = [label(0.0, false)];
        for faces in [[face(0.0, 0.5), face(50.0, 0.5)], [face(50.0, 0.5), face(0.0, 0.5)]] {
            let found = average_precision(&faces, &labels);
            assert!((found.unwrap() - 0.5).abs() < 1e-12, "{found:?}");
        }
    }

    #[test]
    fn cascades_have_no_scores() {
        let mut boxes = ScoredBoxes::default();
        let unscored = Face {
            score: None,
            ..face(0.0, 0.0)
        };
        boxes.add(&[unscored], &[label(0.0, false)]);
        assert_eq!(boxes.average_precision(), Some(0.0));
    }
}
