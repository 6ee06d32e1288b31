//! A decoded photo: its pixels, upright; in grey and smaller for detection; and as a file again
//! with rectangles drawn on it.

use std::ffi::c_void;

use opencv::core::{Mat, Point, Rect, Scalar, Size, Vector};
use opencv::prelude::*;
use opencv::{Result, imgcodecs, imgproc};

use super::{Header, Refusal};
use crate::faces::{Area, Face};
use crate::vision::Failure;

/// Colours in OpenCV's order, blue first.
const BLUE: Scalar = Scalar::from_array([255.0, 0.0, 0.0, 0.0]);
const GREEN: Scalar = Scalar::from_array([0.0, 255.0, 0.0, 0.0]);
/// The width of a drawn line, in pixels, on a photo whose longest side is at most `THIN`; wider on
/// larger ones, where it could not be seen.
const LINE: i32 = 2;
const THIN: i32 = 1500;

/// A decoded photo.
pub struct Photo {
    colour: Mat,
}

impl Photo {
    /// Decodes a file, upright.
    pub fn decode(file: &[u8], header: &Header) -> Result<Self, Failure> {
        let damaged = |reason: String| Failure::Photo(Refusal::PhotoDamaged(header.format, reason));
        // Without the flag for a picture's own form, pixels are three colours of eight bits each.
        let decoded = Mat::from_slice(file)
            .and_then(|file| imgcodecs::imdecode(&file, imgcodecs::IMREAD_COLOR));
        match decoded {
            Ok(colour) if !colour.empty() => {
                let photo = Self { colour };
                let (width, height) = photo.size();
                // Upright, the sides may have changed places.
                let same =
                    [(width, height), (height, width)].contains(&(header.width, header.height));
                if same {
                    return Ok(photo);
                }
                Err(damaged(format!(
                    "it has {width}x{height} pixels, other than its header says"
                )))
            }
            Ok(_) => Err(damaged(
                "its data is not what its header promises".to_owned(),
            )),
            Err(error) => Err(damaged(error.message)),
        }
    }

    /// Width and height in pixels, upright.
    pub fn size(&self) -> (u32, u32) {
        let side = |side: i32| u32::try_from(side).unwrap_or(0);
        (side(self.colour.cols()), side(self.colour.rows()))
    }

    /// The photo in grey, with its longest side at most `longest` pixels if that is not 0; and the
    /// scale of that, which is at most 1.
    pub fn scaled(&self, longest: u32) -> Result<(Mat, f64)> {
        let grey = grey(&self.colour)?;
        let (width, height) = self.size();
        let side = width.max(height);
        if longest == 0 || side <= longest {
            return Ok((grey, 1.0));
        }
        let scale = f64::from(longest) / f64::from(side);
        let shrunk = |side: u32| (f64::from(side) * scale).round().max(1.0) as i32;
        let size = Size::new(shrunk(width), shrunk(height));
        let mut small = Mat::default();
        // Every pixel counts, so that nothing is lost or made up between them.
        imgproc::resize(&grey, &mut small, size, 0.0, 0.0, imgproc::INTER_AREA)?;
        Ok((small, scale))
    }

    /// A rectangle of the scaled picture in the photo's own pixels.
    pub fn unscaled(&self, rectangle: Rect, scale: f64) -> Area {
        if scale == 1.0 {
            let Rect {
                x,
                y,
                width,
                height,
            } = rectangle;
            return [x, y, width, height];
        }
        let own = |edge: i32, most: i32| ((f64::from(edge) / scale).round() as i32).min(most);
        let (width, height) = (self.colour.cols(), self.colour.rows());
        let (left, top) = (own(rectangle.x, width), own(rectangle.y, height));
        let right = own(rectangle.x + rectangle.width, width);
        let bottom = own(rectangle.y + rectangle.height, height);
        [left, top, right - left, bottom - top]
    }

    /// The photo as a JPEG file with a blue rectangle round each face and a green one round each
    /// eye.
    pub fn annotate(mut self, faces: &[Face], quality: i32) -> Result<Vec<u8>> {
        let longest = self.colour.cols().max(self.colour.rows());
        let line = LINE * longest.div_euclid(THIN).max(1);
        for face in faces {
            self.draw(face.rectangle, BLUE, line)?;
            for eye in &face.eyes {
                self.draw(*eye, GREEN, line)?;
            }
        }
        let quality = Vector::from_slice(&[imgcodecs::IMWRITE_JPEG_QUALITY, quality]);
        let mut file = Vector::new();
        imgcodecs::imencode(".jpg", &self.colour, &mut file, &quality)?;
        Ok(file.into())
    }

    /// Draws a rectangle whose right and bottom lines lie just outside of the box, as the Python
    /// original did.
    fn draw(&mut self, [x, y, width, height]: Area, colour: Scalar, line: i32) -> Result<()> {
        let (from, to) = (Point::new(x, y), Point::new(x + width, y + height));
        let kind = imgproc::LINE_8;
        imgproc::rectangle_points(&mut self.colour, from, to, colour, line, kind, 0)?;
        Ok(())
    }
}

unsafe extern "C" {
    /// In `grey.cpp`.
    fn face_detect_grey(colour: *const c_void, grey: *mut c_void) -> bool;
}

/// A picture in grey.
fn grey(colour: &Mat) -> Result<Mat> {
    let mut grey = Mat::default();
    // SAFETY: both are what the function takes them for, and nothing is thrown out of it.
    if unsafe { face_detect_grey(colour.as_raw_Mat(), grey.as_raw_mut_Mat()) } {
        return Ok(grey);
    }
    let reason = "a picture cannot be made grey".to_owned();
    Err(opencv::Error::new(opencv::core::StsError, reason))
}

#[cfg(test)]
mod tests {
    use opencv::core::{CV_8UC1, CV_8UC3, NORM_INF, Vec3b, no_array, norm2};

    use super::*;

    /// A grey picture of that many pixels as a PNG file.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut file = Vec::new();
        let mut writer = png::Encoder::new(&mut file, width, height);
        writer.set_color(png::ColorType::Rgb);
        let pixels = vec![128; (3 * width * height) as usize];
        let mut writer = writer.write_header().unwrap();
        writer.write_image_data(&pixels).unwrap();
        writer.finish().unwrap();
        file
    }

    fn decoded(file: &[u8]) -> Result<Photo, Failure> {
        let header = Header::read(file).unwrap();
        Photo::decode(file, &header)
    }

    #[test]
    fn faces_are_blue_and_eyes_are_green() {
        let face = Face {
            rectangle: [20, 10, 60, 70],
            eyes: vec![[40, 30, 10, 10]],
        };
        let file = decoded(&png(200, 100))
            .unwrap()
            .annotate(&[face], 95)
            .unwrap();
        let photo = decoded(&file).unwrap();
        assert_eq!(photo.size(), (200, 100));
        let pixel = |x: i32, y: i32| *photo.colour.at_2d::<Vec3b>(y, x).unwrap();
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

    /// A picture that has something in it.
    fn noise() -> Mat {
        let mut noise = Mat::new_rows_cols_with_default(64, 64, CV_8UC3, Scalar::all(0.0)).unwrap();
        opencv::core::randu(&mut noise, &Scalar::all(0.0), &Scalar::all(255.0)).unwrap();
        noise
    }

    #[test]
    fn grey_is_what_opencv_makes_it() {
        let colour = noise();
        let mut expected = Mat::default();
        imgproc::cvt_color_def(&colour, &mut expected, imgproc::COLOR_BGR2GRAY).unwrap();
        let made = grey(&colour).unwrap();
        assert_eq!(
            (made.typ(), made.size().unwrap()),
            (CV_8UC1, expected.size().unwrap())
        );
        assert_eq!(norm2(&made, &expected, NORM_INF, &no_array()).unwrap(), 0.0);
        assert!(grey(&made).is_err());
    }

    #[test]
    fn a_lower_quality_makes_a_smaller_file() {
        let size = |quality| {
            let photo = Photo { colour: noise() };
            photo.annotate(&[], quality).unwrap().len()
        };
        assert!(2 * size(10) < size(95));
    }

    #[test]
    fn every_format_that_is_named_can_be_decoded() {
        let mut jpeg = Vector::new();
        imgcodecs::imencode_def(".jpg", &noise(), &mut jpeg).unwrap();
        // Lossy WebP is what people have; the images' test has the lossless kind. The function writes
        // none (`vision/unused.c`), so that OpenCV's own program wrote this one.
        let webp = include_bytes!("lossy.webp").to_vec();
        for file in [jpeg.into(), png(64, 64), webp] {
            let photo = decoded(&file).unwrap();
            assert_eq!(photo.size(), (64, 64));
        }
    }

    #[test]
    fn webp_and_png_are_not_written() {
        for name in [".webp", ".png"] {
            let mut file = Vector::new();
            let written = imgcodecs::imencode_def(name, &noise(), &mut file);
            assert!(!written.is_ok_and(|written| written), "{name}");
        }
    }

    #[test]
    fn rectangles_come_back_to_the_photos_own_pixels() {
        let photo = decoded(&png(200, 100)).unwrap();
        let (small, scale) = photo.scaled(50).unwrap();
        assert_eq!((small.cols(), small.rows(), scale), (50, 25, 0.25));
        assert_eq!(
            photo.unscaled(Rect::new(5, 5, 10, 20), scale),
            [20, 20, 40, 80]
        );
        assert_eq!(
            photo.unscaled(Rect::new(40, 5, 11, 20), scale),
            [160, 20, 40, 80]
        );
        let (whole, scale) = photo.scaled(0).unwrap();
        assert_eq!((whole.cols(), scale), (200, 1.0));
    }

    #[test]
    fn a_header_that_promises_other_pixels_is_damaged() {
        let mut file = png(200, 100);
        // Width and height follow the chunk's length and name; its checksum follows its 13 bytes.
        file[16..24].copy_from_slice(&[0, 0, 0x80, 0, 0, 0, 0, 1]);
        assert!(matches!(
            decoded(&file),
            Err(Failure::Photo(Refusal::PhotoDamaged(..)))
        ));
    }
}
