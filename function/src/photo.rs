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
    /// Decodes the file `bytes`, upright; `None` if it is no picture that OpenCV can read.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let colour = imgcodecs::imdecode(&Mat::from_slice(bytes)?, imgcodecs::IMREAD_COLOR)?;
        Ok((!colour.empty()).then_some(Self { colour }))
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
