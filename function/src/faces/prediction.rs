//! From what the network says about a face, in a tile of a level of the image pyramid, to a face in the photo.

use super::{BoundingBox, Face, Landmarks, Point, Prediction};
use harness::photo::scaling::Scaling;

/// The number of [`Values`].
pub const VALUES: usize = 15;
/// A face in the result of `cv::FaceDetectorYN::detect`: left, top, width and height of the box, x and y of each
/// landmark in the order of [`Landmarks`], and the score.
pub type Values = [f64; VALUES];

/// The side of the square around an eye, relative to the width of the face's box: the median for the 11 eyes in nine
/// labelled photos of PASCAL VOC 2011 that the eye cascade finds in the faces that YuNet finds too. Relative to the
/// distance of the eyes it varies more (the coefficient of variation is 0.28 instead of 0.17), because that is short in
/// profile.
const EYE_SIDE: f64 = 0.34;

/// The face, moved by `offset`.
pub fn moved(mut values: Values, offset: Point) -> Values {
    let (pairs, _score) = values.as_chunks_mut();
    for (index, [x, y]) in pairs.iter_mut().enumerate() {
        // The second pair is the size of the box.
        if index != 1 {
            *x += offset[0];
            *y += offset[1];
        }
    }
    values
}

/// The face in an image whose width and height are multiplied by `factors`.
pub fn scaled(mut values: Values, factors: [f64; 2]) -> Values {
    let (pairs, _score) = values.as_chunks_mut();
    for [x, y] in pairs {
        *x *= factors[0];
        *y *= factors[1];
    }
    values
}

/// The left, top, right and bottom edges of the box.
pub fn edges([left, top, width, height, ..]: Values) -> [f64; 4] {
    [left, top, left + width, top + height]
}

/// `values` are in pixels of the photo. `None` if the box is outside it.
pub fn face(values: Values, scaling: Scaling) -> Option<Face> {
    let rectangle = scaling.clip(edges(values))?;
    let [_, _, width, _, points @ .., score] = values;
    let mut points = points.as_chunks().0.iter();
    let mut next = || points.next().copied().unwrap_or_default();
    let (right_eye, left_eye) = (next(), next());
    let half = EYE_SIDE * width / 2.0;
    let eye = |[x, y]: Point| scaling.clip([x - half, y - half, x + half, y + half]);
    let mut eyes: Vec<BoundingBox> = [right_eye, left_eye].into_iter().filter_map(eye).collect();
    eyes.sort_unstable();
    let landmarks = Landmarks {
        right_eye: to_tenths(right_eye),
        left_eye: to_tenths(left_eye),
        nose: to_tenths(next()),
        right_mouth_corner: to_tenths(next()),
        left_mouth_corner: to_tenths(next()),
    };
    let prediction = Prediction {
        score: (1000.0 * score).round() / 1000.0,
        landmarks,
    };
    Some(Face {
        rectangle,
        prediction: Some(prediction),
        eyes,
    })
}

fn to_tenths(point: Point) -> Point {
    point.map(|part| (10.0 * part).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VALUES_IN_PHOTO: Values = [
        10.2, 20.1, 20.0, 24.0, 15.0, 28.0, 25.0, 28.04, 20.0, 33.0, 16.0, 38.0, 24.0, 38.0, 0.91237,
    ];

    #[test]
    fn face_has_rounded_positions_and_eyes() {
        let face = face(scaled(VALUES_IN_PHOTO, [2.0, 2.0]), Scaling::new((400, 200), 200)).unwrap();
        // An eye's box has a side of 0.34 * 40 pixels.
        let expected = json!({
            "box": [20, 40, 40, 48],
            "score": 0.912,
            "landmarks": {
                "right_eye": [30.0, 56.0], "left_eye": [50.0, 56.1], "nose": [40.0, 66.0],
                "right_mouth_corner": [32.0, 76.0], "left_mouth_corner": [48.0, 76.0],
            },
            "eyes": [[23, 49, 14, 14], [43, 49, 14, 14]],
        });
        assert_eq!(serde_json::to_value(face).unwrap(), expected);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "whole numbers")]
    fn positions_are_moved_and_scaled() {
        let values = [
            1.0, 2.0, 10.0, 20.0, 3.0, 4.0, 5.0, 4.0, 4.0, 5.0, 3.0, 6.0, 5.0, 6.0, 0.9,
        ];
        let moved = moved(values, [100.0, 200.0]);
        assert_eq!(edges(moved), [101.0, 202.0, 111.0, 222.0]);
        assert_eq!(
            moved[4..],
            [
                103.0, 204.0, 105.0, 204.0, 104.0, 205.0, 103.0, 206.0, 105.0, 206.0, 0.9
            ]
        );
        let scaled = scaled(values, [2.0, 0.5]);
        assert_eq!(edges(scaled), [2.0, 1.0, 22.0, 11.0]);
        assert_eq!(scaled[4..], [6.0, 2.0, 10.0, 2.0, 8.0, 2.5, 6.0, 3.0, 10.0, 3.0, 0.9]);
    }

    #[test]
    fn boxes_are_clipped_to_the_photo_and_landmarks_are_not() {
        let scaling = Scaling::new((22, 40), 0);
        let clipped = face(VALUES_IN_PHOTO, scaling).unwrap();
        assert_eq!(clipped.rectangle, [10, 20, 12, 20]);
        assert_eq!(clipped.eyes, [[12, 25, 6, 6]]);
        let landmarks = serde_json::to_value(clipped.prediction.unwrap().landmarks).unwrap();
        assert_eq!(landmarks["left_eye"], json!([25.0, 28.0]));
        assert_eq!(face(VALUES_IN_PHOTO, Scaling::new((10, 40), 0)), None);
        assert_eq!(face([f64::NAN; VALUES], scaling), None);
    }
}
