//! PNG: decoded by the crate `png`, which is shown the chunks that pixels are made of and no others. As OpenCV has it,
//! transparency and gamma are left out, and of 16 bits the upper eight are taken.

use std::io::Cursor;

use png::{Decoder, DecodingError, InterlaceInfo, Limits, Transformations, expand_interlaced_row};

use super::buffer::{COLOURS, check_size, converted, damaged, guarded};
use crate::photo::watch::Watch;
use crate::photo::{Failure, Format, Header, container};

/// Bytes of the picture after which the watch is asked.
const PIECE: usize = 1 << 20;

/// Decodes a file into rows of blue, green and red.
///
/// # Errors
/// The file is damaged, or the watch says so.
pub fn decode(
    file: &[u8],
    header: &Header,
    pixels: &mut [u8],
    watch: Watch,
) -> Result<(), Failure> {
    check_size(header, pixels)?;
    guarded(Format::Png, || {
        let png = container::png::read(file).map_err(Failure::Photo)?;
        let small = png.without_others(file).map_err(Failure::Photo)?;
        rows(small, header, pixels, watch)
    })
}

fn rows(file: Vec<u8>, header: &Header, pixels: &mut [u8], watch: Watch) -> Result<(), Failure> {
    let reason = |error: DecodingError| damaged(Format::Png, error.to_string());
    // What rows take was reckoned before.
    let limits = Limits { bytes: usize::MAX };
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), limits);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    // Those that OpenCV heeds were compared.
    decoder.ignore_checksums(true);
    let mut reader = decoder.read_info().map_err(reason)?;
    let interlaced = reader.info().interlaced;
    let samples = reader.output_color_type().0.samples();
    let width = header.width as usize;
    let line = COLOURS * width;
    let mut row = vec![0; samples * width];
    let mut coloured = vec![0; if interlaced { line } else { 0 }];
    let mut unasked = 0;
    // How many there are is counted here: to be told the end, the decoder would go through all data after the last row,
    // of which there may be any amount.
    for number in 0..rows_of(header, interlaced) {
        unasked += line;
        if unasked >= PIECE {
            unasked = 0;
            watch.time()?;
        }
        match reader.read_row(&mut row).map_err(reason)? {
            Some(InterlaceInfo::Null(_)) => {
                let to = pixels.chunks_exact_mut(line).nth(number);
                blue_first(&row, samples, to.unwrap_or_default());
            }
            Some(InterlaceInfo::Adam7(pass)) => {
                blue_first(&row, samples, &mut coloured);
                let bits = 8 * COLOURS as u8;
                expand_interlaced_row(pixels, line, &coloured, &pass, bits);
            }
            None => return Err(damaged(Format::Png, "rows are missing".to_owned())),
        }
    }
    Ok(())
}

/// How many rows are decoded. In each of seven passes an interlaced picture has some columns of some rows.
fn rows_of(header: &Header, interlaced: bool) -> usize {
    // The first column and row of each pass, and how far it is to the next. Source: W3C PNG specification, 8.1.
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

/// A row of red, green and blue or of grey, with or without opacity, as one of blue, green and red.
fn blue_first(row: &[u8], samples: usize, to: &mut [u8]) {
    match samples {
        1 => converted(row, to, |[grey]| [grey; COLOURS]),
        2 => converted(row, to, |[grey, _]| [grey; COLOURS]),
        3 => converted(row, to, |[red, green, blue]| [blue, green, red]),
        _ => converted(row, to, |[red, green, blue, _]| [blue, green, red]),
    }
}

#[cfg(test)]
pub(crate) mod tests;
