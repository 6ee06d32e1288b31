//! WebP: decoded by the crate `image-webp`, which is shown the picture and nothing else of the file. As OpenCV has it,
//! transparency is left out.

use std::cell::Cell;

use image_webp::WebPDecoder;

use super::buffer::{COLOURS, check_size, converted, damaged, guarded};
use crate::photo::container::webp::{WebP, read};
use crate::photo::watch::{Watch, Watched};
use crate::photo::{Failure, Format, Header};

/// Decodes a file into rows of blue, green and red.
///
/// # Errors
/// The file is damaged, or the watch says so. A lossless picture can ask for much memory by little data, which only the
/// watch ends.
pub fn decode(
    file: &[u8],
    header: &Header,
    pixels: &mut [u8],
    watch: Watch,
) -> Result<(), Failure> {
    check_size(header, pixels)?;
    guarded(Format::Webp, || {
        let webp = read(file).map_err(Failure::Photo)?;
        picture(&without_others(file, &webp), pixels, watch)
    })
}

/// A file of the simple form, which has a picture and nothing else.
fn without_others(file: &[u8], webp: &WebP) -> Vec<u8> {
    const HEADERS: usize = 20;
    let picture = &file[webp.picture.clone()];
    let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    let whole = length(HEADERS - 8 + picture.len());
    let name = if webp.lossless { b"VP8L" } else { b"VP8 " };
    [
        &b"RIFF"[..],
        &whole,
        b"WEBP",
        name,
        &length(picture.len()),
        picture,
    ]
    .concat()
}

fn picture(file: &[u8], pixels: &mut [u8], watch: Watch) -> Result<(), Failure> {
    let stopped = Cell::new(None);
    let mut decode = || {
        let mut decoder = WebPDecoder::new(Watched::new(file, watch, &stopped))?;
        if decoder.has_alpha() {
            let mut with_opacity = vec![0; decoder.output_buffer_size().unwrap_or(0)];
            decoder.read_image(&mut with_opacity)?;
            converted(&with_opacity, pixels, |[red, green, blue, _]| {
                [blue, green, red]
            });
        } else {
            decoder.read_image(pixels)?;
            for pixel in pixels.as_chunks_mut::<COLOURS>().0 {
                pixel.swap(0, 2);
            }
        }
        Ok::<_, image_webp::DecodingError>(())
    };
    let decoded = decode().map_err(|error| damaged(Format::Webp, error.to_string()));
    stopped.take().map_or(decoded, Err)
}

#[cfg(test)]
pub(crate) mod tests;
