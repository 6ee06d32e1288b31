//! Files and limits for tests of the harness and of functions.

#![allow(clippy::unwrap_used, reason = "a test's panic is its failure")]

#[cfg(feature = "opencv")]
pub mod jpeg;
pub mod png;
pub mod webp;

use std::time::{Duration, Instant};

#[cfg(feature = "opencv")]
pub use crate::opencv_processor::lock_opencv_globals;
use crate::photo::resource_limits::ResourceLimits;
#[cfg(feature = "opencv")]
use crate::{
    opencv_processor::OpenCvProcessor,
    photo::{Header, PhotoError},
    photo_function::PhotoFunction,
    picture::{PictureFormat, PictureRequest},
    processor::{Processed, Processor, Task},
};

/// Limits that no test reaches.
#[must_use]
pub fn unlimited() -> ResourceLimits {
    ResourceLimits {
        deadline: Instant::now() + Duration::from_secs(600),
        memory: None,
    }
}

/// An Exif block (big-endian TIFF) with nothing but an orientation.
#[must_use]
pub fn exif_block(orientation: u16) -> Vec<u8> {
    const ONE_ENTRY: [u8; 2] = [0, 1];
    const ORIENTATION: [u8; 2] = [1, 0x12];
    const SHORT: [u8; 2] = [0, 3];
    const COUNT: [u8; 4] = [0, 0, 0, 1];
    const NO_NEXT_DIRECTORY: [u8; 4] = [0; 4];
    let [high, low] = orientation.to_be_bytes();
    let value = [high, low, 0, 0];
    [
        &b"MM\0*\0\0\0\x08"[..],
        &ONE_ENTRY,
        &ORIENTATION,
        &SHORT,
        &COUNT,
        &value,
        &NO_NEXT_DIRECTORY,
    ]
    .concat()
}

/// Processes a photo as a function does, with these options, and makes its pictures in their default format.
///
/// # Errors
/// The file is refused, or the function fails.
#[cfg(feature = "opencv")]
pub fn process<F: PhotoFunction>(
    function: F,
    file: &[u8],
    options: F::Options,
) -> Result<Processed<F::Answer>, PhotoError> {
    let header = Header::read(file).map_err(PhotoError::Refused)?;
    let task = Task {
        options,
        pictures: Some(PictureRequest {
            format: F::PICTURE_FORMATS.first().copied().unwrap_or(PictureFormat::JPEG),
            quality: 95,
            max_bytes: None,
        }),
        limits: unlimited(),
    };
    OpenCvProcessor::new(function, Some(1)).process(file, &header, &task)
}
