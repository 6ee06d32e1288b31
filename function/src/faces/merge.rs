//! Merges the faces of several levels and tiles, as the network does those of one: by non-maximum suppression.

use super::prediction::{VALUES, Values};

/// The intersection over union with a better face above which a face is suppressed, as in `cv::FaceDetectorYN`.
const MAX_OVERLAP: f64 = 0.3;
/// Faces of the lowest scores are not considered if there are more, as in `cv::FaceDetectorYN`: suppression takes
/// quadratic time.
const MAX_FACES: usize = 5_000;
/// The faces that are compared with all better ones between two checks of the time.
const FACES_PER_CHECK: usize = 128;

/// Adds the faces of a tile, and drops those of the lowest scores if there are many.
pub fn add_faces(faces: &mut Vec<Values>, more: impl Iterator<Item = Values>) {
    faces.extend(more);
    if faces.len() > 2 * MAX_FACES {
        keep_best(faces);
    }
}

fn keep_best(faces: &mut Vec<Values>) {
    faces.sort_by(|a, b| b[VALUES - 1].total_cmp(&a[VALUES - 1]));
    faces.truncate(MAX_FACES);
}

/// Keeps the best of the faces that overlap, by falling score. Calls `check_time` about every millisecond if there are
/// thousands.
///
/// # Errors
/// That of `check_time`.
pub fn suppress_overlapping<E>(
    mut faces: Vec<Values>,
    check_time: impl Fn() -> Result<(), E>,
) -> Result<Vec<Values>, E> {
    keep_best(&mut faces);
    let mut kept: Vec<Values> = Vec::new();
    for (index, face) in faces.into_iter().enumerate() {
        if index % FACES_PER_CHECK == 0 {
            check_time()?;
        }
        if kept.iter().all(|better| overlap(&face, better) <= MAX_OVERLAP) {
            kept.push(face);
        }
    }
    Ok(kept)
}

/// The intersection over union of two boxes; 0 for boxes that are empty or not finite.
fn overlap(a: &Values, b: &Values) -> f64 {
    // The length that both have, from the start and the length of each.
    let common =
        |[a, a_length]: [f64; 2], [b, b_length]: [f64; 2]| ((a + a_length).min(b + b_length) - a.max(b)).max(0.0);
    let both = common([a[0], a[2]], [b[0], b[2]]) * common([a[1], a[3]], [b[1], b[3]]);
    let ratio = both / (a[2] * a[3] + b[2] * b[3] - both);
    if ratio.is_finite() { ratio } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use super::*;

    fn face(left: f64, side: f64, score: f64) -> Values {
        let mut values = [0.0; VALUES];
        values[..4].copy_from_slice(&[left, 5.0, side, side]);
        values[VALUES - 1] = score;
        values
    }

    fn suppress(faces: Vec<Values>) -> Vec<Values> {
        suppress_overlapping(faces, || Ok::<_, Infallible>(())).unwrap()
    }

    #[test]
    fn the_best_of_overlapping_faces_remains() {
        let (best, beside, inside) = (face(0.0, 20.0, 0.9), face(11.0, 20.0, 0.85), face(0.0, 10.0, 0.7));
        // 10 of 30 columns are in both: a third.
        let (worse, shifted) = (face(1.0, 21.0, 0.8), face(10.0, 20.0, 0.89));
        let faces = vec![inside, worse, beside, best, shifted];
        assert_eq!(suppress(faces), [best, beside, inside]);
        assert!(suppress(Vec::new()).is_empty());
    }

    #[test]
    fn boxes_that_are_not_finite_suppress_nothing() {
        let odd = [
            face(f64::NAN, 20.0, 0.9),
            face(0.0, f64::INFINITY, 0.8),
            face(0.0, 0.0, 0.7),
        ];
        let faces = [&odd[..], &odd].concat();
        assert_eq!(suppress(faces).len(), 6);
    }

    #[test]
    fn suppression_ends_when_the_time_is_over() {
        let beside = |index: u16| face(30.0 * f64::from(index), 20.0, 0.9);
        let faces: Vec<_> = (0..1000).map(beside).collect();
        let checks = Cell::new(0);
        let stopped = suppress_overlapping(faces, || {
            checks.set(checks.get() + 1);
            if checks.get() < 3 { Ok(()) } else { Err("over") }
        });
        assert_eq!((stopped, checks.get()), (Err("over"), 3));
    }
}
