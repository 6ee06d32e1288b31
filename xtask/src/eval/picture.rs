//! A photo with labels and findings drawn on it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use image::{Rgb, RgbImage};

use super::score::{Box, Match};

const FOUND: Rgb<u8> = Rgb([40, 200, 80]);
const MISSED: Rgb<u8> = Rgb([255, 150, 0]);
const RIGHT: Rgb<u8> = Rgb([60, 120, 255]);
const WRONG: Rgb<u8> = Rgb([235, 30, 30]);
/// The width of a line in pixels.
const LINE: u32 = 2;

/// Writes `folder/NAME.png`.
pub fn write(
    folder: &Path,
    name: &str,
    photo: &RgbImage,
    (boxes, labels): (&[Box], &[Box]),
    matched: &Match,
) -> Result<()> {
    let mut picture = photo.clone();
    for (label, found) in labels.iter().zip(&matched.found) {
        outline(&mut picture, *label, if *found { FOUND } else { MISSED });
    }
    for (found, right) in boxes.iter().zip(&matched.right) {
        outline(&mut picture, *found, if *right { RIGHT } else { WRONG });
    }
    let path = folder.join(name).with_extension("png");
    fs::create_dir_all(folder)
        .with_context(|| format!("failed to create `{}`", folder.display()))?;
    picture
        .save(&path)
        .with_context(|| format!("failed to write `{}`", path.display()))
}

/// Draws a rectangle, as far as it lies in the picture.
fn outline(picture: &mut RgbImage, [x, y, width, height]: Box, colour: Rgb<u8>) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "negative ones are cut off, and pictures are not that large"
    )]
    let pixel = |edge: f64| edge.max(0.0).round() as u32;
    let (left, top) = (pixel(x), pixel(y));
    let (right, bottom) = (pixel(x + width), pixel(y + height));
    for row in top..bottom.min(picture.height()) {
        for column in left..right.min(picture.width()) {
            let edge = row < top + LINE
                || row + LINE >= bottom
                || column < left + LINE
                || column + LINE >= right;
            if edge {
                picture.put_pixel(column, row, colour);
            }
        }
    }
}
