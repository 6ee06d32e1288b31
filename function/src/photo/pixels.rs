//! A decoded photo: its upright pixels, a grey and scaled image for detection, and the annotated JPEG file.

use std::ffi::c_void;

use bytes::Bytes;
use opencv::core::{self, CV_8UC1, CV_8UC3, Mat, Point, Rect, Scalar, Size};
use opencv::prelude::*;
use opencv::{Result, imgproc};

use super::decode::jpeg::{self, Rows};
use super::decode::{png, webp};
use super::orientation::Orientation;
use super::resource_limits::ResourceLimits;
use super::{Format, Header, PhotoError};
use crate::faces::{BoundingBox, Face};

/// Colours in OpenCV's order, blue first.
const BLUE: Scalar = Scalar::from_array([255.0, 0.0, 0.0, 0.0]);
const GREEN: Scalar = Scalar::from_array([0.0, 255.0, 0.0, 0.0]);
/// The width of a drawn line, in pixels, on a photo whose longest side is at most `THIN_LINE_MAX_SIDE`; wider on larger
/// ones, where it would be invisible.
const LINE_WIDTH: i32 = 2;
const THIN_LINE_MAX_SIDE: i32 = 1500;

pub struct Photo {
    /// Width and height in pixels, upright.
    size: (i32, i32),
    /// The image for detection.
    grey: Mat,
    /// The scale of `grey` relative to the photo; at most 1.
    scale: f64,
    /// The photo's own pixels, to draw on; `None` if `grey` has the same, or if nothing will be drawn.
    canvas: Option<Mat>,
}

#[derive(Clone, Copy, Debug)]
pub struct DecodeOptions {
    /// The longest side of the image for detection, in pixels; 0 for the photo's own.
    pub longest_side: u32,
    /// Whether the photo will be drawn on.
    pub annotate: bool,
}

impl Photo {
    /// Decodes a file and rotates it upright.
    pub fn decode(
        file: &[u8],
        header: &Header,
        options: DecodeOptions,
        limits: ResourceLimits,
    ) -> Result<Self, PhotoError> {
        Ok(Self::from_pixels(
            apply_orientation(decode_stored(file, header, limits)?, header)?,
            options,
        )?)
    }

    /// `pixels` are BGR or grey.
    fn from_pixels(pixels: Mat, options: DecodeOptions) -> Result<Self> {
        let size = (pixels.cols(), pixels.rows());
        let longest = size.0.max(size.1);
        let scale = match options.longest_side {
            0 => 1.0,
            most => (f64::from(most) / f64::from(longest)).min(1.0),
        };
        let (mut grey, mut canvas) = match pixels.channels() {
            1 => (pixels, None),
            _ => (to_grey(&pixels)?, Some(pixels)),
        };
        if scale < 1.0 {
            let smaller = downscale(&grey, scale)?;
            canvas = canvas.or(Some(grey));
            grey = smaller;
        }
        if !options.annotate {
            canvas = None;
        }
        Ok(Self {
            size,
            grey,
            scale,
            canvas,
        })
    }

    pub fn size(&self) -> (u32, u32) {
        let side = |side: i32| u32::try_from(side).unwrap_or(0);
        (side(self.size.0), side(self.size.1))
    }

    /// The image for detection, and its scale, which is at most 1.
    pub fn grey(&self) -> (&Mat, f64) {
        (&self.grey, self.scale)
    }

    /// Converts a rectangle in the scaled image to the photo's own pixels.
    pub fn to_photo_box(&self, rectangle: Rect) -> BoundingBox {
        let scale = self.scale;
        if scale >= 1.0 {
            let from = rectangle.tl();
            return [from.x, from.y, rectangle.width, rectangle.height];
        }
        #[expect(clippy::cast_possible_truncation, reason = "a photo's sides fit")]
        let own = |edge: i32, most: i32| ((f64::from(edge) / scale).round() as i32).min(most);
        let (width, height) = self.size;
        let (left, top) = (own(rectangle.x, width), own(rectangle.y, height));
        let right = own(rectangle.x + rectangle.width, width);
        let bottom = own(rectangle.y + rectangle.height, height);
        [left, top, right - left, bottom - top]
    }

    /// The photo as a JPEG file with a blue rectangle around each face and a green one around each eye. Requires
    /// `DecodeOptions::annotate`.
    ///
    /// # Errors
    /// A limit is reached, or OpenCV failed.
    pub fn annotate(self, faces: &[Face], quality: i32, limits: ResourceLimits) -> Result<Bytes, PhotoError> {
        let size = self.size();
        let mut canvas = self.canvas.unwrap_or(self.grey);
        if canvas.channels() == 1 {
            canvas = to_bgr(&canvas)?;
        }
        let longest = self.size.0.max(self.size.1);
        let line = LINE_WIDTH * longest.div_euclid(THIN_LINE_MAX_SIDE).max(1);
        for face in faces {
            draw_rectangle(&mut canvas, face.rectangle, BLUE, line)?;
            for eye in &face.eyes {
                draw_rectangle(&mut canvas, *eye, GREEN, line)?;
            }
        }
        let stride = canvas.step1(0)?;
        let file = jpeg::encode(canvas.data_bytes()?, stride, size, quality, limits)?;
        Ok(Bytes::from(file))
    }
}

/// The pixels without the orientation applied.
fn decode_stored(file: &[u8], header: &Header, limits: ResourceLimits) -> Result<Mat, PhotoError> {
    let side = |side: u32| i32::try_from(side).unwrap_or(i32::MAX);
    // A grey JPEG file is decoded to grey values: as BGR each would be repeated three times, and OpenCV's weights for
    // grey sum to 1, so the conversion back would return the same.
    let (kind, channels) = if header.grey { (CV_8UC1, 1) } else { (CV_8UC3, 3) };
    // SAFETY: every pixel is written, or the image is dropped. Any byte is a valid value.
    let mut image = unsafe { Mat::new_rows_cols(side(header.height), side(header.width), kind)? };
    let stride = image.step1(0)?;
    let pixels = image.data_bytes_mut()?;
    match header.format {
        Format::Jpeg => {
            let rows = Rows {
                pixels,
                stride,
                channels,
            };
            jpeg::decode(file, header, rows, limits)?;
        }
        Format::Png => png::decode(file, header, pixels, limits)?,
        Format::Webp => webp::decode(file, header, pixels, limits)?,
    }
    Ok(image)
}

fn apply_orientation(image: Mat, header: &Header) -> Result<Mat> {
    // OpenCV's codes for a flip around the horizontal axis, the vertical one, or both.
    const AROUND_X: i32 = 0;
    const AROUND_Y: i32 = 1;
    const AROUND_BOTH: i32 = -1;
    let axis = match header.orientation {
        Orientation::Upright => return Ok(image),
        Orientation::Transposed => None,
        Orientation::Mirrored | Orientation::TurnedLeft => Some(AROUND_Y),
        Orientation::UpsideDown | Orientation::Transversed => Some(AROUND_BOTH),
        Orientation::Flipped | Orientation::TurnedRight => Some(AROUND_X),
    };
    let image = if header.orientation.swaps_sides() {
        let mut transposed = Mat::default();
        core::transpose(&image, &mut transposed)?;
        transposed
    } else {
        image
    };
    let Some(axis) = axis else {
        return Ok(image);
    };
    let mut flipped = image;
    // SAFETY: `cv::flip` works in place.
    unsafe { flipped.modify_inplace(|from, to| core::flip(from, to, axis)) }?;
    Ok(flipped)
}

/// Draws a rectangle whose right and bottom lines are just outside the box, as the Python original did.
fn draw_rectangle(canvas: &mut Mat, rectangle: BoundingBox, colour: Scalar, line: i32) -> Result<()> {
    let [x, y, width, height] = rectangle;
    let (from, to) = (Point::new(x, y), Point::new(x + width, y + height));
    imgproc::rectangle_points(canvas, from, to, colour, line, imgproc::LINE_8, 0)?;
    Ok(())
}

fn downscale(image: &Mat, scale: f64) -> Result<Mat> {
    #[expect(clippy::cast_possible_truncation, reason = "a photo's sides fit")]
    let side = |side: i32| (f64::from(side) * scale).round().max(1.0) as i32;
    let size = Size::new(side(image.cols()), side(image.rows()));
    let mut smaller = Mat::default();
    // `INTER_AREA` uses every pixel, so no detail is skipped or invented.
    imgproc::resize(image, &mut smaller, size, 0.0, 0.0, imgproc::INTER_AREA)?;
    Ok(smaller)
}

/// A function of `cvt_color.cpp`, with the input and the output `cv::Mat`.
type Conversion = unsafe extern "C" fn(*const c_void, *mut c_void) -> bool;

unsafe extern "C" {
    fn face_detect_bgr_to_grey(colour: *const c_void, grey: *mut c_void) -> bool;
    fn face_detect_grey_to_bgr(grey: *const c_void, colour: *mut c_void) -> bool;
}

fn to_grey(colour: &Mat) -> Result<Mat> {
    convert_colour(colour, face_detect_bgr_to_grey, "BGR to grey")
}

fn to_bgr(grey: &Mat) -> Result<Mat> {
    convert_colour(grey, face_detect_grey_to_bgr, "grey to BGR")
}

fn convert_colour(image: &Mat, convert: Conversion, what: &str) -> Result<Mat> {
    let mut converted = Mat::default();
    // SAFETY: both are a `cv::Mat`, and the function does not throw.
    if unsafe { convert(image.as_raw_Mat(), converted.as_raw_mut_Mat()) } {
        return Ok(converted);
    }
    let reason = format!("failed to convert an image from {what}");
    Err(opencv::Error::new(opencv::core::StsError, reason))
}

#[cfg(test)]
pub(crate) mod tests;
