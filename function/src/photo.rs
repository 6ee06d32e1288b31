//! A photo: from the bytes of a file to pixels, and back with rectangles drawn on it.

use opencv::core::{Mat, Point, Scalar, Vector};
use opencv::prelude::*;
use opencv::{imgcodecs, imgproc};

use crate::error::Result;
use crate::faces::{Box, Face};

/// Colours in OpenCV's order, blue first.
const BLUE: Scalar = Scalar::from_array([255.0, 0.0, 0.0, 0.0]);
const GREEN: Scalar = Scalar::from_array([0.0, 255.0, 0.0, 0.0]);
/// The width of a drawn line, in pixels.
const LINE: i32 = 2;

/// A decoded photo.
pub struct Photo {
    colour: Mat,
}

impl Photo {
    /// Decodes the file `bytes`, upright.
    ///
    /// # Errors
    /// Why it is no picture that OpenCV can read.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        if bytes.is_empty() {
            return Err("it is empty".to_owned());
        }
        // OpenCV throws for a header that promises too many pixels.
        let decoded = Mat::from_slice(bytes)
            .and_then(|file| imgcodecs::imdecode(&file, imgcodecs::IMREAD_COLOR));
        match decoded {
            Ok(colour) if !colour.empty() => Ok(Self { colour }),
            Ok(_) => Err(format!("none of its {} bytes make a picture", bytes.len())),
            Err(error) => Err(error.message),
        }
    }

    /// The photo in grey, for detection.
    pub fn grey(&self) -> Result<Mat> {
        let mut grey = Mat::default();
        imgproc::cvt_color_def(&self.colour, &mut grey, imgproc::COLOR_BGR2GRAY)?;
        Ok(grey)
    }

    /// The photo as a JPEG file with a blue rectangle round each face and a green one round each
    /// eye.
    pub fn annotate(mut self, faces: &[Face]) -> Result<Vec<u8>> {
        for face in faces {
            self.draw(face.rectangle, BLUE)?;
            for eye in &face.eyes {
                self.draw(*eye, GREEN)?;
            }
        }
        let mut file = Vector::new();
        imgcodecs::imencode_def(".jpg", &self.colour, &mut file)?;
        Ok(file.into())
    }

    /// Draws a rectangle whose right and bottom lines lie just outside of the box, as the Python
    /// original did.
    fn draw(&mut self, [x, y, width, height]: Box, colour: Scalar) -> Result<()> {
        let (from, to) = (Point::new(x, y), Point::new(x + width, y + height));
        let kind = imgproc::LINE_8;
        imgproc::rectangle_points(&mut self.colour, from, to, colour, LINE, kind, 0)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use opencv::core::{CV_8UC3, Vec3b};

    use super::*;

    /// A grey picture of 200x100 pixels as a PNG file.
    fn png() -> Vec<u8> {
        let grey = Scalar::all(128.0);
        let picture = Mat::new_rows_cols_with_default(100, 200, CV_8UC3, grey).unwrap();
        let mut file = Vector::new();
        imgcodecs::imencode_def(".png", &picture, &mut file).unwrap();
        file.into()
    }

    #[test]
    fn faces_are_blue_and_eyes_are_green() {
        let face = Face {
            rectangle: [20, 10, 60, 70],
            eyes: vec![[40, 30, 10, 10]],
        };
        let file = Photo::decode(&png()).unwrap().annotate(&[face]).unwrap();
        let drawn = Photo::decode(&file).unwrap().colour;
        assert_eq!(drawn.size().unwrap(), opencv::core::Size::new(200, 100));
        let pixel = |x: i32, y: i32| *drawn.at_2d::<Vec3b>(y, x).unwrap();
        // JPEG does not keep colours exactly.
        let [blue, green, red] = pixel(20, 50).0;
        assert!(
            blue > 150 && green < 100 && red < 100,
            "{blue} {green} {red}"
        );
        let [blue, green, red] = pixel(40, 35).0;
        assert!(
            blue < 100 && green > 150 && red < 100,
            "{blue} {green} {red}"
        );
        let [blue, green, red] = pixel(150, 50).0;
        assert!(
            [blue, green, red]
                .iter()
                .all(|part| part.abs_diff(128) < 10)
        );
    }

    #[test]
    fn what_is_no_picture_is_told_apart() {
        for bytes in [&b""[..], b"text", &png()[..20]] {
            assert!(Photo::decode(bytes).is_err());
        }
    }

    #[test]
    fn a_header_that_promises_too_much_is_no_picture() {
        let mut file = png();
        // Width and height follow the chunk's length and name; its checksum follows its 13 bytes.
        file[16..24].copy_from_slice(&[0, 0x1e, 0x84, 0x80, 0, 0, 0, 1]);
        assert!(Photo::decode(&file).is_err());
    }
}
