//! A decoded photo: the upright, scaled image, and the upright photo itself for drawing.

use std::ffi::c_void;

use opencv::core::{self, CV_8UC1, CV_8UC3, Mat, Size};
use opencv::prelude::*;
use opencv::{Result, imgproc};

use super::decode::jpeg::{self, Rows};
use super::decode::{png, webp};
use super::orientation::Orientation;
use super::resource_limits::ResourceLimits;
use super::scaling::Scaling;
use super::{Channels, Decoding, Format, Header, PhotoError};

/// A decoded photo, upright. Its image is as large as the function's [`Decoding`] says; [`Photo::into_canvas`] has the
/// photo's own size.
pub struct Photo<'a> {
    source: Source<'a>,
    scaling: Scaling,
    image: Mat,
    canvas: Canvas,
}

/// Where the upright photo's own pixels are, BGR or grey, for drawing.
enum Canvas {
    /// They are `Photo::image`.
    Image,
    Kept(Mat),
    /// They must be decoded.
    NotKept,
}

#[derive(Clone, Copy)]
struct Source<'a> {
    file: &'a [u8],
    header: &'a Header,
    limits: ResourceLimits,
}

impl<'a> Photo<'a> {
    /// Decodes the image. A large JPEG file is decoded at a half, a quarter or an eighth of its size where that is
    /// enough, so that its own pixels, which take most of the memory and the time, are not needed. `draws` is whether
    /// the canvas will be needed.
    ///
    /// # Errors
    /// The file is damaged or truncated, a limit is reached, or OpenCV failed.
    pub fn decode(
        file: &'a [u8],
        header: &'a Header,
        decoding: Decoding,
        draws: bool,
        limits: ResourceLimits,
    ) -> Result<Self, PhotoError> {
        let source = Source { file, header, limits };
        let scaling = Scaling::new(header.upright_size(), decoding.longest_side);
        let reduction = match header.format {
            Format::Jpeg => scaling.reduction(),
            Format::Png | Format::Webp => 1,
        };
        let pixels = source.upright_pixels(reduction)?;
        let made = decoded_image(&pixels, scaling, decoding.channels)?;
        let (image, canvas) = match made {
            Some(image) if draws && reduction == 1 => (image, Canvas::Kept(pixels)),
            Some(image) => (image, Canvas::NotKept),
            None if reduction == 1 => (pixels, Canvas::Image),
            None => (pixels, Canvas::NotKept),
        };
        Ok(Self {
            source,
            scaling,
            image,
            canvas,
        })
    }

    /// The image: BGR or grey, with 8 bits per channel.
    #[must_use]
    pub fn image(&self) -> &Mat {
        &self.image
    }

    /// The size of the image relative to the photo.
    #[must_use]
    pub fn scaling(&self) -> Scaling {
        self.scaling
    }

    /// The photo's width and height in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.scaling.photo()
    }

    /// What is known from the file's header.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.source.header
    }

    #[must_use]
    pub fn limits(&self) -> ResourceLimits {
        self.source.limits
    }

    /// # Errors
    /// The deadline has passed.
    pub fn check_time(&self) -> Result<(), PhotoError> {
        self.source.limits.check_time()
    }

    /// The photo in its own size, in BGR, for drawing. Decodes it again if it was decoded smaller.
    ///
    /// # Errors
    /// A limit is reached, or OpenCV failed.
    pub fn into_canvas(self) -> Result<Mat, PhotoError> {
        let Self {
            source, image, canvas, ..
        } = self;
        let canvas = match canvas {
            Canvas::Image => image,
            Canvas::Kept(pixels) => {
                drop(image);
                pixels
            }
            Canvas::NotKept => {
                drop(image);
                source.upright_pixels(1)?
            }
        };
        if canvas.channels() == 1 {
            return Ok(to_bgr(&canvas)?);
        }
        Ok(canvas)
    }
}

impl Source<'_> {
    /// The upright photo, BGR or grey, with sides divided by `reduction` and rounded up.
    fn upright_pixels(self, reduction: u32) -> Result<Mat, PhotoError> {
        let stored = decode_stored(self.file, self.header, reduction, self.limits)?;
        Ok(apply_orientation(stored, self.header)?)
    }
}

/// The image, made from BGR or grey pixels; `None` if it is these pixels.
fn decoded_image(pixels: &Mat, scaling: Scaling, channels: Channels) -> Result<Option<Mat>> {
    // One channel is scaled faster than three.
    let has_colours = pixels.channels() != 1;
    let mut image = match channels {
        Channels::Grey if has_colours => Some(to_grey(pixels)?),
        _ => None,
    };
    let (width, height) = scaling.image();
    let size = Size::new(side(width), side(height));
    if pixels.size()? != size {
        image = Some(downscale(image.as_ref().unwrap_or(pixels), size)?);
    }
    if channels == Channels::Bgr && !has_colours {
        image = Some(to_bgr(image.as_ref().unwrap_or(pixels))?);
    }
    Ok(image)
}

pub fn side(side: u32) -> i32 {
    i32::try_from(side).unwrap_or(i32::MAX)
}

/// The pixels without the orientation applied; only a JPEG file can be reduced.
fn decode_stored(file: &[u8], header: &Header, reduction: u32, limits: ResourceLimits) -> Result<Mat, PhotoError> {
    // A grey JPEG file is decoded to grey values: as BGR each would be repeated three times, and OpenCV's weights for
    // grey sum to 1, so the conversion back would return the same.
    let (kind, channels) = if header.grey { (CV_8UC1, 1) } else { (CV_8UC3, 3) };
    let reduced = |pixels: u32| side(pixels.div_ceil(reduction));
    // SAFETY: every pixel is written, or the image is dropped. Any byte is a valid value.
    let mut image = unsafe { Mat::new_rows_cols(reduced(header.height), reduced(header.width), kind)? };
    let stride = image.step1(0)?;
    let pixels = image.data_bytes_mut()?;
    match header.format {
        Format::Jpeg => {
            let rows = Rows {
                pixels,
                stride,
                channels,
                reduction,
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

pub fn downscale(image: &Mat, size: Size) -> Result<Mat> {
    let mut smaller = Mat::default();
    // `INTER_AREA` uses every pixel, so no detail is skipped or invented. Down to a half, `INTER_LINEAR` does so too,
    // in a seventh of the time.
    let uses_every_pixel = 2 * size.width >= image.cols() && 2 * size.height >= image.rows();
    let interpolation = if uses_every_pixel {
        imgproc::INTER_LINEAR
    } else {
        imgproc::INTER_AREA
    };
    imgproc::resize(image, &mut smaller, size, 0.0, 0.0, interpolation)?;
    Ok(smaller)
}

/// A function of `cvt_color.cpp`, with the input and the output `cv::Mat`.
type Conversion = unsafe extern "C" fn(*const c_void, *mut c_void) -> bool;

unsafe extern "C" {
    fn harness_bgr_to_grey(colour: *const c_void, grey: *mut c_void) -> bool;
    fn harness_grey_to_bgr(grey: *const c_void, colour: *mut c_void) -> bool;
}

fn to_grey(colour: &Mat) -> Result<Mat> {
    convert_colour(colour, harness_bgr_to_grey, "BGR to grey")
}

pub(crate) fn to_bgr(grey: &Mat) -> Result<Mat> {
    convert_colour(grey, harness_grey_to_bgr, "grey to BGR")
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
