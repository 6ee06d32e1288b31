//! Compares faces that two implementations of YuNet find with the same network in the same pixels.

use anyhow::{Result, bail};

/// A row of `cv::FaceDetectorYN`: left, top, width and height, five landmarks (x, y), and the score.
pub type Face = [f64; 15];

/// The largest permitted differences, as in the conformance tests' `SAME_WEIGHTS`. Both compute with floats, in a
/// different order.
const PIXEL_TOLERANCE: f64 = 0.5;
const SCORE_TOLERANCE: f64 = 0.005;
const SCORE: usize = 14;

/// The number of compared faces, and the largest differences between two that are the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct Agreement {
    pub faces: usize,
    /// The largest difference of a number of a box or a landmark, in pixels.
    pub pixels: f64,
    pub score: f64,
}

impl Agreement {
    /// Compares the faces of one photo.
    ///
    /// # Errors
    /// A face of either list is not in the other. A score that exceeds the threshold by less than the tolerance may be
    /// below it for the other implementation: such a face may be missing.
    pub fn add(&mut self, reference: &[Face], ours: &[Face], threshold: f64) -> Result<()> {
        for (list, other, names) in [(reference, ours, ("wheel", "SDK")), (ours, reference, ("SDK", "wheel"))] {
            for face in list {
                match nearest(face, other) {
                    Some((pixels, score)) if pixels <= PIXEL_TOLERANCE && score <= SCORE_TOLERANCE => {
                        self.pixels = self.pixels.max(pixels);
                        self.score = self.score.max(score);
                    }
                    _ if face[SCORE] < threshold + SCORE_TOLERANCE => {}
                    Some((pixels, score)) => bail!(
                        "the {} finds {face:?}; the nearest face of the {} differs by {pixels:.3} pixels and \
                         {score:.4} in its score, and {PIXEL_TOLERANCE} and {SCORE_TOLERANCE} are permitted",
                        names.0,
                        names.1
                    ),
                    None => bail!("the {} finds {face:?}, and the {} finds no face", names.0, names.1),
                }
            }
        }
        self.faces += reference.len();
        Ok(())
    }

    /// The larger differences of two comparisons of the same photos.
    #[must_use]
    pub fn with_repetition(self, repetition: Self) -> Self {
        Self {
            faces: repetition.faces,
            pixels: self.pixels.max(repetition.pixels),
            score: self.score.max(repetition.score),
        }
    }
}

/// The differences from the nearest of `others`: the largest in pixels, and that of the scores.
fn nearest(face: &Face, others: &[Face]) -> Option<(f64, f64)> {
    let differences = |other: &Face| {
        let pixels = face[..SCORE].iter().zip(&other[..SCORE]).map(|(a, b)| (a - b).abs());
        (pixels.fold(0.0, f64::max), (face[SCORE] - other[SCORE]).abs())
    };
    others.iter().map(differences).min_by(|a, b| a.0.total_cmp(&b.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(left: f64, score: f64) -> Face {
        let mut face = [10.0; 15];
        face[0] = left;
        face[SCORE] = score;
        face
    }

    #[test]
    fn the_largest_differences_are_reported() {
        let mut agreement = Agreement::default();
        let ours = [face(90.0, 0.9), face(20.25, 0.902)];
        agreement.add(&[face(20.0, 0.9), face(90.0, 0.9)], &ours, 0.8).unwrap();
        assert_eq!(agreement.faces, 2);
        assert!((agreement.pixels - 0.25).abs() < 1e-9, "{agreement:?}");
        assert!((agreement.score - 0.002).abs() < 1e-9, "{agreement:?}");
        let again = agreement.with_repetition(Agreement {
            faces: 2,
            pixels: 0.5,
            score: 0.0,
        });
        assert_eq!((again.faces, again.pixels > 0.4, again.score > 0.001), (2, true, true));
    }

    #[test]
    fn other_faces_are_errors_in_either_list() {
        let one = [face(20.0, 0.9)];
        for (reference, ours) in [
            (&one[..], &[][..]),
            (&[], &one),
            (&one, &[face(21.0, 0.9)]),
            (&one, &[face(20.0, 0.91)]),
            (&one, &[face(20.0, 0.9), face(50.0, 0.85)]),
        ] {
            let error = Agreement::default().add(reference, ours, 0.8).unwrap_err();
            assert!(error.to_string().contains("finds ["), "{error}");
        }
    }

    #[test]
    fn a_face_at_the_threshold_may_be_missing() {
        let mut agreement = Agreement::default();
        agreement.add(&[face(20.0, 0.803)], &[], 0.8).unwrap();
        agreement.add(&[], &[face(20.0, 0.803)], 0.8).unwrap();
        assert_eq!(agreement.faces, 1);
    }
}
