//! A decoded photo: its pixels, upright; in grey and smaller for detection; and as a file again
//! with rectangles drawn on it.

use std::ffi::c_void;

use bytes::Bytes;
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
    /// Width and height in pixels, upright.
    size: (i32, i32),
    /// What cascades look at.
    grey: Mat,
    /// How much smaller that is than the photo; at most 1.
    scale: f64,
    /// The photo's own pixels, to draw on; none where they are those that cascades look at, or nothing will be
    /// drawn.
    canvas: Option<Mat>,
}

/// What a photo is decoded for.
#[derive(Clone, Copy, Debug)]
pub struct Purpose {
    /// The longest side of the picture that cascades look at; 0 for the photo's own.
    pub longest_side: u32,
    /// Whether it will be drawn on.
    pub annotate: bool,
}

impl Photo {
    /// Decodes a file, upright.
    pub fn decode(file: &[u8], header: &Header, purpose: Purpose) -> Result<Self, Failure> {
        let damaged = |reason: String| Failure::Photo(Refusal::PhotoDamaged(header.format, reason));
        // Without the flag for a picture's own form, pixels are three colours of eight bits each. Of a JPEG without colours
        // these are the same three times, and OpenCV's weights for grey have the sum 1: it decodes to what would be made of it.
        let form = if header.grey {
            imgcodecs::IMREAD_GRAYSCALE
        } else {
            imgcodecs::IMREAD_COLOR
        };
        let decoded = Mat::from_slice(file).and_then(|file| imgcodecs::imdecode(&file, form));
        let pixels = match decoded {
            Ok(pixels) if !pixels.empty() => pixels,
            Ok(_) => {
                return Err(damaged(
                    "its data is not what its header promises".to_owned(),
                ));
            }
            Err(error) => return Err(damaged(error.message)),
        };
        let size = (pixels.cols(), pixels.rows());
        let side = |side: i32| u32::try_from(side).unwrap_or(0);
        let (width, height) = (side(size.0), side(size.1));
        // Upright, the sides may have changed places.
        if ![(width, height), (height, width)].contains(&(header.width, header.height)) {
            return Err(damaged(format!(
                "it has {width}x{height} pixels, other than its header says"
            )));
        }
        Ok(Self::of(pixels, purpose)?)
    }

    /// The photo of these pixels, which are in colour or in grey.
    fn of(pixels: Mat, purpose: Purpose) -> Result<Self> {
        let size = (pixels.cols(), pixels.rows());
        let longest = size.0.max(size.1);
        let scale = match purpose.longest_side {
            0 => 1.0,
            most => (f64::from(most) / f64::from(longest)).min(1.0),
        };
        let (mut grey, mut canvas) = match pixels.channels() {
            1 => (pixels, None),
            _ => (grey(&pixels)?, Some(pixels)),
        };
        if scale < 1.0 {
            let small = shrunk(&grey, scale)?;
            canvas = canvas.or(Some(grey));
            grey = small;
        }
        if !purpose.annotate {
            canvas = None;
        }
        Ok(Self {
            size,
            grey,
            scale,
            canvas,
        })
    }

    /// Width and height in pixels, upright.
    pub fn size(&self) -> (u32, u32) {
        let side = |side: i32| u32::try_from(side).unwrap_or(0);
        (side(self.size.0), side(self.size.1))
    }

    /// The photo in grey, and the scale of that, which is at most 1.
    pub fn grey(&self) -> (&Mat, f64) {
        (&self.grey, self.scale)
    }

    /// A rectangle of the scaled picture in the photo's own pixels.
    pub fn unscaled(&self, rectangle: Rect) -> Area {
        let scale = self.scale;
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
        let (width, height) = self.size;
        let (left, top) = (own(rectangle.x, width), own(rectangle.y, height));
        let right = own(rectangle.x + rectangle.width, width);
        let bottom = own(rectangle.y + rectangle.height, height);
        [left, top, right - left, bottom - top]
    }

    /// The photo as a JPEG file with a blue rectangle round each face and a green one round each
    /// eye. It must have been decoded for that.
    pub fn annotate(self, faces: &[Face], quality: i32) -> Result<Bytes> {
        let mut canvas = self.canvas.unwrap_or(self.grey);
        if canvas.channels() == 1 {
            canvas = coloured(&canvas)?;
        }
        let longest = self.size.0.max(self.size.1);
        let line = LINE * longest.div_euclid(THIN).max(1);
        for face in faces {
            draw(&mut canvas, face.rectangle, BLUE, line)?;
            for eye in &face.eyes {
                draw(&mut canvas, *eye, GREEN, line)?;
            }
        }
        let quality = Vector::from_slice(&[imgcodecs::IMWRITE_JPEG_QUALITY, quality]);
        let mut file = Vector::<u8>::new();
        imgcodecs::imencode(".jpg", &canvas, &mut file, &quality)?;
        Ok(Bytes::from_owner(file))
    }
}

/// Draws a rectangle whose right and bottom lines lie just outside of the box, as the Python
/// original did.
fn draw(canvas: &mut Mat, area: Area, colour: Scalar, line: i32) -> Result<()> {
    let [x, y, width, height] = area;
    let (from, to) = (Point::new(x, y), Point::new(x + width, y + height));
    imgproc::rectangle_points(canvas, from, to, colour, line, imgproc::LINE_8, 0)?;
    Ok(())
}

/// A picture made smaller.
fn shrunk(picture: &Mat, scale: f64) -> Result<Mat> {
    let side = |side: i32| (f64::from(side) * scale).round().max(1.0) as i32;
    let size = Size::new(side(picture.cols()), side(picture.rows()));
    let mut small = Mat::default();
    // Every pixel counts, so that nothing is lost or made up between them.
    imgproc::resize(picture, &mut small, size, 0.0, 0.0, imgproc::INTER_AREA)?;
    Ok(small)
}

/// One of the functions in `grey.cpp`: the first picture is given and the second made.
type Conversion = unsafe extern "C" fn(*const c_void, *mut c_void) -> bool;

unsafe extern "C" {
    fn face_detect_grey(colour: *const c_void, grey: *mut c_void) -> bool;
    fn face_detect_coloured(grey: *const c_void, colour: *mut c_void) -> bool;
}

/// A picture in grey.
fn grey(colour: &Mat) -> Result<Mat> {
    converted(colour, face_detect_grey, "made grey")
}

/// A grey picture that can be drawn on in colours.
fn coloured(grey: &Mat) -> Result<Mat> {
    converted(grey, face_detect_coloured, "drawn on in colours")
}

fn converted(picture: &Mat, convert: Conversion, what: &str) -> Result<Mat> {
    let mut made = Mat::default();
    // SAFETY: both are what the function takes them for, and nothing is thrown out of it.
    if unsafe { convert(picture.as_raw_Mat(), made.as_raw_mut_Mat()) } {
        return Ok(made);
    }
    let reason = format!("a picture cannot be {what}");
    Err(opencv::Error::new(opencv::core::StsError, reason))
}

#[cfg(test)]
mod tests;
