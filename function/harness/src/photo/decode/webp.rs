//! WebP with the crate `image-webp`, which gets only the image chunk. As in OpenCV, transparency is ignored.

use std::cell::Cell;

use image_webp::WebPDecoder;

use super::buffer::{BGR_CHANNELS, catch_panics, check_size, convert_pixels, damaged};
use crate::photo::container::webp::{WebP, read};
use crate::photo::resource_limits::{LimitedReader, ResourceLimits};
use crate::photo::{Format, Header, PhotoError};

/// Decodes a file into rows of BGR pixels.
///
/// # Errors
/// The file is damaged, or a limit is reached. A small lossless file can require much memory, which only the limits
/// stop.
pub fn decode(file: &[u8], header: &Header, pixels: &mut [u8], limits: ResourceLimits) -> Result<(), PhotoError> {
    check_size(header, pixels)?;
    catch_panics(Format::Webp, || {
        let webp = read(file).map_err(PhotoError::Refused)?;
        decode_image(&strip_other_chunks(file, &webp), pixels, limits)
    })
}

/// A file in the simple format, which contains nothing but the image.
fn strip_other_chunks(file: &[u8], webp: &WebP) -> Vec<u8> {
    const HEADERS: usize = 20;
    let image = &file[webp.image.clone()];
    let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    let riff_size = length(HEADERS - 8 + image.len());
    let name = if webp.lossless { b"VP8L" } else { b"VP8 " };
    [&b"RIFF"[..], &riff_size, b"WEBP", name, &length(image.len()), image].concat()
}

fn decode_image(file: &[u8], pixels: &mut [u8], limits: ResourceLimits) -> Result<(), PhotoError> {
    let stop_reason = Cell::new(None);
    let mut decode = || {
        let mut decoder = WebPDecoder::new(LimitedReader::new(file, limits, &stop_reason))?;
        if decoder.has_alpha() {
            let mut with_opacity = vec![0; decoder.output_buffer_size().unwrap_or(0)];
            decoder.read_image(&mut with_opacity)?;
            convert_pixels(&with_opacity, pixels, |[red, green, blue, _]| [blue, green, red]);
        } else {
            decoder.read_image(pixels)?;
            for pixel in pixels.as_chunks_mut::<BGR_CHANNELS>().0 {
                pixel.swap(0, 2);
            }
        }
        Ok::<_, image_webp::DecodingError>(())
    };
    let decoded = decode().map_err(|error| damaged(Format::Webp, error.to_string()));
    stop_reason.take().map_or(decoded, Err)
}

#[cfg(test)]
mod tests;
