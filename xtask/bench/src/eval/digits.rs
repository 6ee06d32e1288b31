//! Draws numbers on images, with digits of 3 by 5 dots.

use image::{Rgb, RgbImage};

/// The rows of each digit from the top; the lowest three bits are dots, the highest of them at the left.
const DIGITS: [[u8; 5]; 10] = [
    [0b111, 0b101, 0b101, 0b101, 0b111],
    [0b010, 0b110, 0b010, 0b010, 0b111],
    [0b111, 0b001, 0b111, 0b100, 0b111],
    [0b111, 0b001, 0b111, 0b001, 0b111],
    [0b101, 0b101, 0b111, 0b001, 0b001],
    [0b111, 0b100, 0b111, 0b001, 0b111],
    [0b111, 0b100, 0b111, 0b101, 0b111],
    [0b111, 0b001, 0b001, 0b001, 0b001],
    [0b111, 0b101, 0b111, 0b101, 0b111],
    [0b111, 0b101, 0b111, 0b001, 0b111],
];
const POINT: [u8; 5] = [0, 0, 0, 0, 0b010];
/// The pixels of a dot, in both directions.
const DOT: u32 = 2;
const COLUMNS: u32 = 4;
/// The height of a number in pixels.
pub const HEIGHT: u32 = 5 * DOT;

/// The width of a number in pixels, with the distance to what follows.
pub fn width(text: &str) -> u32 {
    u32::try_from(text.chars().count())
        .unwrap_or(u32::MAX)
        .saturating_mul(COLUMNS * DOT)
}

/// Draws the digits and points of `text` from the left and top edge; other characters are blanks.
pub fn draw(image: &mut RgbImage, text: &str, (left, top): (u32, u32), colour: Rgb<u8>) {
    for (number, character) in (0..).zip(text.chars()) {
        let rows = match character.to_digit(10) {
            Some(digit) => DIGITS[digit as usize],
            None if character == '.' => POINT,
            None => [0; 5],
        };
        for (row, dots) in (0..).zip(rows) {
            for column in (0..3).filter(|column| dots >> (2 - column) & 1 == 1) {
                let corner = (left + (number * COLUMNS + column) * DOT, top + row * DOT);
                fill(image, corner, (DOT, DOT), colour);
            }
        }
    }
}

/// Fills a rectangle, as far as it is in the image.
pub fn fill(image: &mut RgbImage, (left, top): (u32, u32), (width, height): (u32, u32), colour: Rgb<u8>) {
    for y in top..(top + height).min(image.height()) {
        for x in left..(left + width).min(image.width()) {
            image.put_pixel(x, y, colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dots_within_the_image() {
        let ink = Rgb([255; 3]);
        let mut image = RgbImage::new(20, HEIGHT);
        draw(&mut image, "1.", (0, 0), ink);
        let row = |y: u32| -> String {
            let columns = (0..image.width() / DOT).map(|column| image.get_pixel(column * DOT, y * DOT));
            columns.map(|pixel| if *pixel == ink { '#' } else { ' ' }).collect()
        };
        let rows: Vec<_> = (0..5).map(row).collect();
        assert_eq!(
            rows,
            [" #        ", "##        ", " #        ", " #        ", "###  #    "]
        );
        // Nothing is drawn outside.
        draw(&mut image, "8", (17, 7), ink);
        assert_eq!(*image.get_pixel(19, 7), ink);
    }
}
