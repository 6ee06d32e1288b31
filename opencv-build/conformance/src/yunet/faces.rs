//! Faces as `detect_faces` and `wheel.py` print them, and their comparison within tolerances.

use anyhow::{Context, Result, ensure};

/// The lowest score of the faces that are compared.
const LOWEST_SCORE: f32 = 0.5;

/// Left, top, width and height of the box, x and y of five landmarks in pixels, and the score.
#[derive(Clone, Debug, PartialEq)]
pub struct Face([f32; 15]);

/// The most by which two numbers of the same face may differ.
#[derive(Clone, Copy)]
pub struct Tolerance {
    pub pixels: f32,
    pub score: f32,
}

/// For results of the same weights.
pub const SAME_WEIGHTS: Tolerance = Tolerance {
    pixels: 0.5,
    score: 0.005,
};

impl Face {
    /// `pixels` are the 14 numbers before the score.
    pub fn new(pixels: impl IntoIterator<Item = f32>, score: f32) -> Result<Self> {
        let values: Vec<_> = pixels.into_iter().chain([score]).collect();
        let count = values.len();
        let values = values.try_into();
        let values = values
            .ok()
            .with_context(|| format!("a face has {count} numbers instead of 15"))?;
        Ok(Self(values))
    }

    /// The face in an image that is scaled by `factor`.
    pub fn scaled(&self, factor: f32) -> Self {
        let mut scaled = self.clone();
        scaled.0[..14].iter_mut().for_each(|value| *value *= factor);
        scaled
    }

    pub fn score(&self) -> f32 {
        self.0[14]
    }

    fn matches(&self, other: &Self, tolerance: Tolerance) -> bool {
        let differences = self.0.iter().zip(&other.0).map(|(one, two)| (one - two).abs());
        let limits = [tolerance.pixels; 14].into_iter().chain([tolerance.score]);
        // A difference that is not a number is not within the limit.
        differences.zip(limits).all(|(difference, limit)| difference <= limit)
    }

    /// The area of the boxes' intersection, relative to their union.
    fn overlap(&self, other: &Self) -> f32 {
        let side = |at: usize| {
            let end = |face: &Self| face.0[at] + face.0[at + 2];
            (end(self).min(end(other)) - self.0[at].max(other.0[at])).max(0.0)
        };
        let area = |face: &Self| face.0[2] * face.0[3];
        let intersection = side(0) * side(1);
        intersection / (area(self) + area(other) - intersection)
    }
}

/// Parses a line: the number of faces, followed by 15 numbers for each.
pub fn parse(line: &str) -> Result<Vec<Face>> {
    let parsed = || -> Result<_> {
        let (count, rest) = line.split_once(' ').unwrap_or((line, ""));
        let count: usize = count.parse()?;
        let numbers: Vec<f32> = rest.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        ensure!(numbers.len() == count * 15, "{} numbers", numbers.len());
        let faces = numbers.chunks_exact(15);
        faces
            .map(|face| Face::new(face[..14].iter().copied(), face[14]))
            .collect()
    };
    parsed().with_context(|| format!("`{line}` is not a list of faces"))
}

/// Fails unless every face of either list with a score of at least 0.5 matches one of the other list. Faces are also
/// ignored if their score is so close to `threshold` that the other list may lack them. Returns the number of faces.
pub fn compare(expected: &[Face], found: &[Face], threshold: f32, tolerance: Tolerance) -> Result<usize> {
    let lowest = LOWEST_SCORE.max(threshold + tolerance.score);
    for (faces, others, problem) in [
        (expected, found, "is not found"),
        (found, expected, "is not found by the reference"),
    ] {
        all_match(faces, lowest, problem, |face| {
            others.iter().any(|other| face.matches(other, tolerance))
        })?;
    }
    Ok(expected.iter().filter(|face| face.score() >= lowest).count())
}

/// Like `compare`, for weights that differ by their rounding. Neighbouring cells have almost the same score for a face,
/// so that rounding may change which of them non-maximum suppression keeps. Therefore expected faces must match one of
/// the `candidates` before suppression, and found faces must overlap an expected one of almost the same score.
pub fn compare_rounded(expected: &[Face], found: &[Face], candidates: &[Face], tolerance: Tolerance) -> Result<usize> {
    /// Cells of a face overlap by about this much.
    const OVERLAP: f32 = 0.7;
    all_match(expected, LOWEST_SCORE, "is not found", |face| {
        candidates.iter().any(|other| face.matches(other, tolerance))
    })?;
    let same = |face: &Face, other: &Face| {
        (face.score() - other.score()).abs() <= tolerance.score && face.overlap(other) >= OVERLAP
    };
    for (faces, others, problem) in [
        (expected, found, "is suppressed"),
        (found, expected, "is not found by the reference"),
    ] {
        all_match(faces, LOWEST_SCORE, problem, |face| {
            others.iter().any(|other| same(face, other))
        })?;
    }
    Ok(expected.iter().filter(|face| face.score() >= LOWEST_SCORE).count())
}

fn all_match(faces: &[Face], lowest: f32, problem: &str, matches: impl Fn(&Face) -> bool) -> Result<()> {
    let compared = faces.iter().filter(|face| face.score() >= lowest);
    for face in compared {
        ensure!(matches(face), "the face {:?} {problem}", face.0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(left: f32, score: f32) -> Face {
        let landmarks = (0_u8..10).map(|at| left + f32::from(at));
        Face::new([left, 10.0, 20.0, 20.0].into_iter().chain(landmarks), score).unwrap()
    }

    fn is_same(expected: &[Face], found: &[Face]) -> bool {
        compare(expected, found, 0.45, SAME_WEIGHTS).is_ok()
    }

    #[test]
    fn faces_match_within_the_tolerances() {
        let expected = [face(50.0, 0.9), face(10.0, 0.6)];
        let found = [face(10.4, 0.604), face(50.4, 0.904)];
        assert_eq!(compare(&expected, &found, 0.45, SAME_WEIGHTS).unwrap(), 2);
        assert!(!is_same(&expected, &[face(10.6, 0.6), face(50.0, 0.9)]));
        assert!(!is_same(&expected, &[face(10.0, 0.606), face(50.0, 0.9)]));
        assert!(!is_same(&expected, &[face(10.0, f32::NAN), face(50.0, 0.9)]));
    }

    #[test]
    fn missing_and_additional_faces_are_errors() {
        let (one, both) = ([face(50.0, 0.9)], [face(50.0, 0.9), face(10.0, 0.6)]);
        let error = |expected: &[Face], found: &[Face]| {
            let error = compare(expected, found, 0.45, SAME_WEIGHTS).unwrap_err();
            error.to_string()
        };
        assert!(error(&both, &one).ends_with("is not found"));
        assert!(error(&one, &both).ends_with("by the reference"));
        // Not those below or close to the threshold.
        assert!(is_same(&one, &[face(50.0, 0.9), face(10.0, 0.499)]));
        assert_eq!(compare(&both, &one, 0.598, SAME_WEIGHTS).unwrap(), 1);
    }

    #[test]
    fn rounding_may_change_which_candidate_remains() {
        let rounded = |found: &[Face], candidates: &[Face]| {
            compare_rounded(&[face(10.0, 0.9)], found, candidates, SAME_WEIGHTS).is_ok()
        };
        let candidates = [face(10.1, 0.9), face(12.0, 0.901)];
        assert!(rounded(&[face(12.0, 0.901)], &candidates));
        assert!(!rounded(&[face(12.0, 0.901)], &candidates[1..]));
        assert!(!rounded(&[], &candidates));
        assert!(!rounded(&[face(10.0, 0.9), face(30.0, 0.8)], &candidates));
    }

    #[test]
    fn lines_are_parsed() {
        assert_eq!(parse("0").unwrap(), []);
        let numbers = " 1.5".repeat(14) + " 14.5";
        let faces = parse(&format!("1{numbers}")).unwrap();
        assert!((faces[0].score() - 14.5).abs() < 1e-6 && (faces[0].scaled(2.0).0[0] - 3.0).abs() < 1e-6);
        for wrong in ["", "2 1 2 3", "unreliable", &format!("2{numbers}")] {
            let error = parse(wrong).unwrap_err().to_string();
            assert!(error.contains("is not a list of faces"), "{error}");
        }
    }
}
