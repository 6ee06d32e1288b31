//! Encoders, from BGR or grey pixels to a file.

use opencv::core::{CV_8UC1, CV_8UC3, Mat, Vector};
use opencv::imgcodecs;
use opencv::prelude::*;

use crate::photo::PhotoError;
use crate::photo::decode::jpeg as libjpeg;
use crate::photo::pixels::to_bgr;
use crate::photo::resource_limits::ResourceLimits;

/// Encodes pixels with a quality from 1 to 100, which lossless formats ignore.
pub(crate) type Encode = fn(&Mat, i32, ResourceLimits) -> Result<Vec<u8>, PhotoError>;

/// The bytes are those of OpenCV's `imencode`.
pub(super) fn jpeg(pixels: &Mat, quality: i32, limits: ResourceLimits) -> Result<Vec<u8>, PhotoError> {
    if channels(pixels)? == 1 {
        return jpeg(&to_bgr(pixels)?, quality, limits);
    }
    if !pixels.is_continuous() {
        return jpeg(&pixels.try_clone()?, quality, limits);
    }
    let size = pixels.size()?;
    let side = |side: i32| u32::try_from(side).unwrap_or_default();
    let stride = pixels.step1(0)?;
    libjpeg::encode(
        pixels.data_bytes()?,
        stride,
        (side(size.width), side(size.height)),
        quality,
        limits,
    )
}

pub(super) fn png(pixels: &Mat, _quality: i32, limits: ResourceLimits) -> Result<Vec<u8>, PhotoError> {
    let channels = channels(pixels)?;
    let size = pixels.size()?;
    let side = |side: i32| u32::try_from(side).unwrap_or_default();
    let failed = |error: ::png::EncodingError| PhotoError::OpenCv(format!("failed to encode a PNG file: {error}"));
    let mut file = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut file, side(size.width), side(size.height));
    encoder.set_color(if channels == 1 {
        ::png::ColorType::Grayscale
    } else {
        ::png::ColorType::Rgb
    });
    let mut encoder = encoder.write_header().map_err(failed)?;
    let mut writer = encoder.stream_writer().map_err(failed)?;
    let mut line = Vec::new();
    for row in 0..size.height {
        limits.check_time()?;
        line.clear();
        if channels == 1 {
            line.extend_from_slice(pixels.at_row::<u8>(row)?);
        } else {
            let row = pixels.at_row::<opencv::core::Vec3b>(row)?;
            line.extend(row.iter().flat_map(|bgr| [bgr[2], bgr[1], bgr[0]]));
        }
        std::io::Write::write_all(&mut writer, &line).map_err(|error| failed(error.into()))?;
    }
    writer.finish().map_err(failed)?;
    drop(encoder);
    Ok(file)
}

/// By OpenCV, so the SDK's recipe must have the codec `webp`.
pub(super) fn webp(pixels: &Mat, quality: i32, limits: ResourceLimits) -> Result<Vec<u8>, PhotoError> {
    channels(pixels)?;
    limits.check_time()?;
    let mut file = Vector::new();
    let parameters = Vector::from_slice(&[imgcodecs::IMWRITE_WEBP_QUALITY, quality]);
    if imgcodecs::imencode(".webp", pixels, &mut file, &parameters)? {
        return Ok(file.into());
    }
    Err(PhotoError::OpenCv("OpenCV encodes no WebP file".to_owned()))
}

fn channels(pixels: &Mat) -> Result<u32, PhotoError> {
    match pixels.typ() {
        CV_8UC1 => Ok(1),
        CV_8UC3 => Ok(3),
        other => Err(PhotoError::OpenCv(format!(
            "a picture must have 1 or 3 channels of 8 bits, and has OpenCV's type {other}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use opencv::core::{NORM_INF, Scalar, no_array, norm2, randu};

    use super::*;
    use crate::picture::PictureFormat;
    use crate::testing::unlimited;

    fn noise(kind: i32) -> Mat {
        let mut noise = Mat::new_rows_cols_with_default(40, 60, kind, Scalar::all(0.0)).unwrap();
        randu(&mut noise, &Scalar::all(0.0), &Scalar::all(256.0)).unwrap();
        noise
    }

    fn decoded(file: &[u8]) -> Mat {
        let file = Mat::from_slice(file).unwrap();
        imgcodecs::imdecode(&file, imgcodecs::IMREAD_COLOR).unwrap()
    }

    #[test]
    fn opencv_decodes_each_format() {
        for format in [PictureFormat::JPEG, PictureFormat::PNG, PictureFormat::WEBP] {
            for kind in [CV_8UC1, CV_8UC3] {
                let pixels = noise(kind);
                let file = (format.encode)(&pixels, 95, unlimited()).unwrap();
                let found = decoded(&file);
                assert_eq!((found.cols(), found.rows()), (60, 40), "{format:?} {kind}");
                let expected = if kind == CV_8UC1 {
                    to_bgr(&pixels).unwrap()
                } else {
                    pixels
                };
                let difference = norm2(&found, &expected, NORM_INF, &no_array()).unwrap();
                assert_eq!(difference == 0.0, format == PictureFormat::PNG, "{format:?} {kind}");
            }
        }
    }

    #[test]
    fn a_part_of_a_picture_is_encoded() {
        for kind in [CV_8UC1, CV_8UC3] {
            let mut pixels = noise(kind);
            let stride = pixels.step1(0).unwrap();
            let start = pixels.ptr_2d_mut(6, 5).unwrap().cast();
            // SAFETY: the pixels outlive it, and have these rows and columns after the start.
            let part = unsafe { Mat::new_rows_cols_with_data_unsafe(10, 20, kind, start, stride) }.unwrap();
            let copy = part.try_clone().unwrap();
            assert!(!part.is_continuous() && copy.is_continuous());
            for encode in [jpeg, png, webp] {
                let [file, expected] = [&part, &copy].map(|pixels| encode(pixels, 90, unlimited()).unwrap());
                assert!(file == expected, "{kind}");
            }
        }
    }

    #[test]
    fn a_lower_quality_makes_a_smaller_file() {
        let pixels = noise(CV_8UC3);
        for encode in [jpeg, webp] {
            let size = |quality| encode(&pixels, quality, unlimited()).unwrap().len();
            assert!(3 * size(10) < 2 * size(95));
        }
    }

    #[test]
    fn other_pixels_are_refused() {
        let deep = noise(opencv::core::CV_16UC3);
        for encode in [jpeg, png, webp] {
            let error = format!("{:?}", encode(&deep, 95, unlimited()).unwrap_err());
            assert!(error.contains("8 bits"), "{error}");
        }
    }
}
