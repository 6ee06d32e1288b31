//! PNG with the crate `png`, which gets only the chunks that define pixels. As in OpenCV, transparency and gamma are
//! ignored, and only the upper eight of 16 bits are used.

use std::io::Cursor;

use png::{Decoder, DecodingError, InterlaceInfo, Limits, Transformations, expand_interlaced_row};

use super::buffer::{BGR_CHANNELS, catch_panics, check_size, convert_pixels, damaged};
use crate::photo::resource_limits::ResourceLimits;
use crate::photo::{Format, Header, PhotoError, container};

/// Decoded bytes between checks of the limits.
const CHECK_INTERVAL: usize = 1 << 20;

/// Decodes a file into rows of BGR pixels.
///
/// # Errors
/// The file is damaged, or a limit is reached.
pub fn decode(file: &[u8], header: &Header, pixels: &mut [u8], limits: ResourceLimits) -> Result<(), PhotoError> {
    check_size(header, pixels)?;
    catch_panics(Format::Png, || {
        let png = container::png::read(file).map_err(PhotoError::Refused)?;
        let small = png.strip_other_chunks(file).map_err(PhotoError::Refused)?;
        decode_rows(small, header, pixels, limits)
    })
}

fn decode_rows(file: Vec<u8>, header: &Header, pixels: &mut [u8], limits: ResourceLimits) -> Result<(), PhotoError> {
    let reason = |error: DecodingError| damaged(Format::Png, error.to_string());
    // No limit here: the memory for rows is part of `Header::decoder_bytes`, which was checked before.
    let png_limits = Limits { bytes: usize::MAX };
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), png_limits);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    // `strip_other_chunks` checked those that OpenCV checks.
    decoder.ignore_checksums(true);
    let mut reader = decoder.read_info().map_err(reason)?;
    let interlaced = reader.info().interlaced;
    let samples = reader.output_color_type().0.samples();
    let width = header.width as usize;
    let line = BGR_CHANNELS * width;
    let mut row = vec![0; samples * width];
    let mut coloured = vec![0; if interlaced { line } else { 0 }];
    let mut unchecked_bytes = 0;
    // The rows are counted here: to detect the end, the decoder would decompress all data after the last row, which may
    // have any size.
    for number in 0..row_count(header, interlaced) {
        unchecked_bytes += line;
        if unchecked_bytes >= CHECK_INTERVAL {
            unchecked_bytes = 0;
            limits.check_time()?;
        }
        match reader.read_row(&mut row).map_err(reason)? {
            Some(InterlaceInfo::Null(_)) => {
                let to = pixels.chunks_exact_mut(line).nth(number);
                to_bgr(&row, samples, to.unwrap_or_default());
            }
            Some(InterlaceInfo::Adam7(pass)) => {
                to_bgr(&row, samples, &mut coloured);
                #[expect(clippy::cast_possible_truncation, reason = "it is 3")]
                let bits = 8 * BGR_CHANNELS as u8;
                expand_interlaced_row(pixels, line, &coloured, &pass, bits);
            }
            None => return Err(damaged(Format::Png, "rows are missing".to_owned())),
        }
    }
    Ok(())
}

/// The rows to decode. An interlaced image has seven passes, each with some columns of some rows.
fn row_count(header: &Header, interlaced: bool) -> usize {
    // The first column and row of each pass, and the steps to the next. Source: W3C PNG specification, 8.1.
    const PASSES: [[u32; 4]; 7] = [
        [0, 0, 8, 8],
        [4, 0, 8, 8],
        [0, 4, 4, 8],
        [2, 0, 4, 4],
        [0, 2, 2, 4],
        [1, 0, 2, 2],
        [0, 1, 1, 2],
    ];
    if !interlaced {
        return header.height as usize;
    }
    let rows = |[column, row, _, step]: [u32; 4]| {
        if column >= header.width {
            return 0;
        }
        header.height.saturating_sub(row).div_ceil(step) as usize
    };
    PASSES.map(rows).iter().sum()
}

/// Converts a row of RGB or grey pixels, with or without alpha.
fn to_bgr(row: &[u8], samples: usize, to: &mut [u8]) {
    match samples {
        1 => convert_pixels(row, to, |[grey]| [grey; BGR_CHANNELS]),
        2 => convert_pixels(row, to, |[grey, _]| [grey; BGR_CHANNELS]),
        3 => convert_pixels(row, to, |[red, green, blue]| [blue, green, red]),
        _ => convert_pixels(row, to, |[red, green, blue, _]| [blue, green, red]),
    }
}

#[cfg(test)]
mod tests;
