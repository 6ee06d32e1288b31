//! Draws faces on a photo's pixels.

use std::ops::Range;

use opencv::Result;
use opencv::core::{Mat, MatTraitConst, Point, Rect, Scalar};
use opencv::imgproc::{FILLED, LINE_8, rectangle_points};

use crate::faces::{BoundingBox, Face, Prediction};

/// Colours in OpenCV's order, blue first.
const BLUE: Scalar = Scalar::from_array([255.0, 0.0, 0.0, 0.0]);
const GREEN: Scalar = Scalar::from_array([0.0, 255.0, 0.0, 0.0]);
const RED: Scalar = Scalar::from_array([0.0, 0.0, 255.0, 0.0]);
/// The width of a drawn line, in pixels, on a photo whose longest side is at most `THIN_LINE_MAX_SIDE`; wider on larger
/// ones, where it would be invisible.
const LINE_WIDTH: i32 = 2;
const THIN_LINE_MAX_SIDE: i32 = 1500;
/// The side of a landmark's square relative to the longest side of its face, so that it does not hide a small one.
const LANDMARK_DIVISOR: i32 = 24;

/// Draws a blue rectangle around each face, a green one around each eye, and a red square at each landmark, on BGR
/// pixels of the upright photo.
pub fn draw(canvas: &mut Mat, faces: &[Face]) -> Result<()> {
    let longest = canvas.rows().max(canvas.cols());
    let line = LINE_WIDTH * longest.div_euclid(THIN_LINE_MAX_SIDE).max(1);
    for face in faces {
        draw_rectangle(canvas, face.rectangle, BLUE, line)?;
        for eye in &face.eyes {
            draw_rectangle(canvas, *eye, GREEN, line)?;
        }
        if let Some(prediction) = &face.prediction {
            draw_landmarks(canvas, face.rectangle, prediction, 2 * line)?;
        }
    }
    Ok(())
}

/// Draws a rectangle whose right and bottom lines are just outside the box, as the Python original did.
fn draw_rectangle(canvas: &mut Mat, [x, y, width, height]: BoundingBox, colour: Scalar, line: i32) -> Result<()> {
    let (from, to) = (Point::new(x, y), Point::new(x + width, y + height));
    rectangle_points(canvas, from, to, colour, line, LINE_8, 0)
}

/// `most` is the maximum side of a landmark's square, in pixels.
fn draw_landmarks(
    canvas: &mut Mat,
    [_, _, width, height]: BoundingBox,
    prediction: &Prediction,
    most: i32,
) -> Result<()> {
    let side = (width.max(height) / LANDMARK_DIVISOR).clamp(2, most);
    for point in prediction.landmarks.points() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a photo's sides fit; others are not visible"
        )]
        let [x, y] = point.map(|part| (part.floor() as i32).saturating_sub(side / 2));
        let (columns, rows) = (visible(x, side, canvas.cols()), visible(y, side, canvas.rows()));
        if columns.is_empty() || rows.is_empty() {
            continue;
        }
        let (width, height) = (columns.end - columns.start, rows.end - rows.start);
        let mut square = Mat::roi_mut(canvas, Rect::new(columns.start, rows.start, width, height))?;
        // In a part of the image, because OpenCV shifts the negative coordinates of shapes that begin outside, which is
        // undefined. Both corners are filled.
        let last = Point::new(width - 1, height - 1);
        rectangle_points(&mut square, Point::new(0, 0), last, RED, FILLED, LINE_8, 0)?;
    }
    Ok(())
}

/// The part of a line of `length` pixels from `start` that is on a canvas with a side of `side` pixels.
fn visible(start: i32, length: i32, side: i32) -> Range<i32> {
    start.clamp(0, side)..start.saturating_add(length).clamp(0, side)
}

#[cfg(test)]
mod tests {
    use opencv::core::{CV_8UC3, Vec3b};

    use super::*;
    use crate::faces::Landmarks;

    fn drawn(prediction: Option<Prediction>) -> Mat {
        let mut canvas = Mat::new_rows_cols_with_default(100, 200, CV_8UC3, Scalar::all(128.0)).unwrap();
        let face = Face {
            rectangle: [20, 10, 60, 72],
            prediction,
            eyes: vec![[40, 30, 10, 10]],
        };
        draw(&mut canvas, &[face]).unwrap();
        canvas
    }

    #[test]
    fn faces_are_blue_eyes_are_green_and_landmarks_are_red() {
        let landmarks = Landmarks {
            right_eye: [45.5, 35.5],
            left_eye: [60.0, 35.0],
            nose: [50.0, 45.0],
            // Partly outside.
            right_mouth_corner: [-0.5, 99.5],
            // Outside the photo.
            left_mouth_corner: [-1e30, f64::MAX],
        };
        let score = 0.9;
        let with_landmarks = drawn(Some(Prediction { score, landmarks }));
        let without = drawn(None);
        let colour = |canvas: &Mat, x: i32, y: i32| canvas.at_2d::<Vec3b>(y, x).unwrap().0;
        let (blue, green, red, grey) = ([255, 0, 0], [0, 255, 0], [0, 0, 255], [128; 3]);
        for canvas in [&with_landmarks, &without] {
            assert_eq!((colour(canvas, 20, 50), colour(canvas, 40, 35)), (blue, green));
            assert_eq!(colour(canvas, 150, 50), grey);
        }
        for (x, y) in [(45, 35), (50, 45), (0, 99)] {
            assert_eq!(colour(&with_landmarks, x, y), red, "{x}, {y}");
            assert_eq!(colour(&without, x, y), grey, "{x}, {y}");
        }
    }
}
