//! Draws labels and faces, with their scores and landmarks, on a photo.

use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;
use image::{DynamicImage, ImageDecoder, ImageReader, Rgb, RgbImage};

use super::digits;
use super::face::{Face, Landmarks};
use super::score::{Label, Matching, Rectangle, Verdict};

/// Colours of labels and boxes that are matched, not matched, ignored.
const LABEL_COLOURS: [Rgb<u8>; 3] = [Rgb([40, 200, 80]), Rgb([255, 150, 0]), Rgb([150, 150, 150])];
const BOX_COLOURS: [Rgb<u8>; 3] = [Rgb([60, 120, 255]), Rgb([235, 30, 30]), Rgb([200, 200, 200])];
const LANDMARK: Rgb<u8> = Rgb([255, 255, 0]);
const BLACK: Rgb<u8> = Rgb([0; 3]);
/// The width of lines in pixels.
const LINE: u32 = 2;

/// Decodes a photo and applies its Exif orientation.
pub fn load_upright(path: &Path) -> Result<RgbImage> {
    let read = || -> image::ImageResult<RgbImage> {
        let reader = ImageReader::open(path)?.with_guessed_format()?;
        let mut decoder = reader.into_decoder()?;
        let orientation = decoder.orientation()?;
        let mut photo = DynamicImage::from_decoder(decoder)?;
        photo.apply_orientation(orientation);
        Ok(photo.to_rgb8())
    };
    read().with_context(|| format!("failed to read `{}`", path.display()))
}

/// Writes `name.png` in `folder`.
pub fn write(
    folder: &Path,
    name: &str,
    photo: &RgbImage,
    (faces, labels): (&[Face], &[Label]),
    matched: &Matching,
) -> Result<()> {
    let mut overlay = photo.clone();
    for (label, verdict) in labels.iter().zip(&matched.labels) {
        outline(&mut overlay, label.rectangle, LABEL_COLOURS[index(*verdict)]);
    }
    for (face, verdict) in faces.iter().zip(&matched.boxes) {
        let colour = BOX_COLOURS[index(*verdict)];
        outline(&mut overlay, face.rectangle, colour);
        for [x, y] in face.landmarks.iter().flat_map(Landmarks::points) {
            let corner = (pixel(x - 1.0), pixel(y - 1.0));
            digits::fill(&mut overlay, corner, (3, 3), LANDMARK);
        }
        if let Some(score) = face.score {
            write_score(&mut overlay, face.rectangle, score, colour);
        }
    }
    let path = folder.join(format!("{name}.png"));
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent)?;
    overlay
        .save(&path)
        .with_context(|| format!("failed to write `{}`", path.display()))
}

fn index(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Matched => 0,
        Verdict::Unmatched => 1,
        Verdict::Ignored => 2,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "negative values are clamped, and images are not that large"
)]
fn pixel(edge: f64) -> u32 {
    edge.max(0.0).round() as u32
}

fn outline(overlay: &mut RgbImage, [x, y, width, height]: Rectangle, colour: Rgb<u8>) {
    let (left, top) = (pixel(x), pixel(y));
    let (across, down) = (
        pixel(x + width).saturating_sub(left),
        pixel(y + height).saturating_sub(top),
    );
    let (right, bottom) = (left + across.saturating_sub(LINE), top + down.saturating_sub(LINE));
    for (corner, size) in [
        ((left, top), (across, LINE)),
        ((left, bottom), (across, LINE)),
        ((left, top), (LINE, down)),
        ((right, top), (LINE, down)),
    ] {
        digits::fill(overlay, corner, size, colour);
    }
}

/// Writes the score above the box, or in it if the box is at the top of the photo.
fn write_score(overlay: &mut RgbImage, [x, y, ..]: Rectangle, score: f64, colour: Rgb<u8>) {
    let text = format!("{score:.2}");
    let height = digits::HEIGHT + 2;
    let (left, top) = (pixel(x), pixel(y));
    let top = top.checked_sub(height).unwrap_or(top + LINE);
    digits::fill(overlay, (left, top), (digits::width(&text) + 1, height), BLACK);
    digits::draw(overlay, &text, (left + 1, top + 1), colour);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_are_drawn_with_score_and_landmarks() {
        let folder = tempfile::tempdir().unwrap();
        let face = |left: f64, score: Option<f64>| {
            let point = [left + 10.0, 40.0];
            let landmarks = serde_json::json!({
                "right_eye": point, "left_eye": point, "nose": point, "right_mouth_corner": point,
                "left_mouth_corner": point,
            });
            Face {
                rectangle: [left, 30.0, 20.0, 20.0],
                score,
                landmarks: score.and_then(|_| serde_json::from_value(landmarks).ok()),
            }
        };
        let faces = [face(5.0, Some(0.87)), face(70.0, None)];
        let labels = [Label {
            rectangle: faces[0].rectangle,
            is_ignored: false,
        }];
        let boxes: Vec<_> = faces.iter().map(|face| face.rectangle).collect();
        let matched = Matching::of(&boxes, &labels);
        let photo = RgbImage::from_pixel(100, 60, Rgb([90; 3]));
        write(folder.path(), "a/b.jpg", &photo, (&faces, &labels), &matched).unwrap();
        let drawn = load_upright(&folder.path().join("a/b.jpg.png")).unwrap();
        for (x, y, colour) in [
            (5, 40, BOX_COLOURS[0]),
            (70, 40, BOX_COLOURS[1]),
            (15, 40, LANDMARK),
            (80, 40, Rgb([90; 3])),
            (5, 18, BLACK),
            (6, 19, BOX_COLOURS[0]),
            (70, 19, Rgb([90; 3])),
        ] {
            assert_eq!(*drawn.get_pixel(x, y), colour, "at {x}, {y}");
        }
    }
}
