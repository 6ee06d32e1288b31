//! Draws labels and boxes on a photo.

use std::path::Path;

use anyhow::{Context, Result};
use fs_err as fs;
use image::{DynamicImage, ImageDecoder, ImageReader, Rgb, RgbImage};

use super::score::{Matching, Rectangle};

const FOUND: Rgb<u8> = Rgb([40, 200, 80]);
const MISSED: Rgb<u8> = Rgb([255, 150, 0]);
const RIGHT: Rgb<u8> = Rgb([60, 120, 255]);
const WRONG: Rgb<u8> = Rgb([235, 30, 30]);
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

pub fn write(
    folder: &Path,
    name: &str,
    photo: &RgbImage,
    (boxes, labels): (&[Rectangle], &[Rectangle]),
    matched: &Matching,
) -> Result<()> {
    let mut overlay = photo.clone();
    for (label, found) in labels.iter().zip(&matched.matched_labels) {
        outline(&mut overlay, *label, if *found { FOUND } else { MISSED });
    }
    for (found, right) in boxes.iter().zip(&matched.correct_boxes) {
        outline(&mut overlay, *found, if *right { RIGHT } else { WRONG });
    }
    let path = folder.join(format!("{name}.png"));
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent)?;
    overlay
        .save(&path)
        .with_context(|| format!("failed to write `{}`", path.display()))
}

fn outline(overlay: &mut RgbImage, [x, y, width, height]: Rectangle, colour: Rgb<u8>) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "negative values are clamped, and images are not that large"
    )]
    let pixel = |edge: f64| edge.max(0.0).round() as u32;
    let (left, top) = (pixel(x), pixel(y));
    let (right, bottom) = (pixel(x + width), pixel(y + height));
    for row in top..bottom.min(overlay.height()) {
        for column in left..right.min(overlay.width()) {
            let edge = row < top + LINE || row + LINE >= bottom || column < left + LINE || column + LINE >= right;
            if edge {
                overlay.put_pixel(column, row, colour);
            }
        }
    }
}
