//! PNG files: valid ones with added chunks, and blank ones of any kind. Source: W3C PNG specification.

use std::io::{Read, Write, repeat};

use anyhow::Result;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

/// The length of the signature and IHDR.
const BEFORE: usize = 8 + 25;
/// The length of IEND.
const END: usize = 12;

#[derive(Clone, Copy)]
pub enum Pixels {
    Grey,
    Colour,
    ColourAlpha,
}

impl Pixels {
    /// The colour type in IHDR, and the samples per pixel.
    fn number_and_samples(self) -> (u8, u64) {
        match self {
            Self::Grey => (0, 1),
            Self::Colour => (2, 3),
            Self::ColourAlpha => (6, 4),
        }
    }
}

pub fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
}

pub fn insert_after_header(file: &[u8], chunks: &[u8]) -> Vec<u8> {
    [&file[..BEFORE], chunks, &file[BEFORE..]].concat()
}

pub fn insert_before_end(file: &[u8], chunks: &[u8]) -> Vec<u8> {
    let (picture, end) = file.split_at(file.len() - END);
    [picture, chunks, end].concat()
}

/// A chunk with `bytes` bytes of compressed text or of a compressed ICC profile: iTXt, zTXt or iCCP.
pub fn compressed_chunk(kind: &[u8; 4], bytes: u64) -> Result<Vec<u8>> {
    let mut data = match kind {
        b"iTXt" => b"Comment\0\x01\0\0\0".to_vec(),
        _ => b"Comment\0\0".to_vec(),
    };
    data.extend(deflated(bytes, b' ')?);
    Ok(chunk(kind, &data))
}

/// A black image.
pub fn blank((width, height): (u32, u32), pixels: Pixels, depth: u8, interlaced: bool) -> Result<Vec<u8>> {
    let (number, samples) = pixels.number_and_samples();
    let row = |width: u32| 1 + (u64::from(width) * samples * u64::from(depth)).div_ceil(8);
    let bytes = if interlaced {
        // Adam7: the first column and row of each pass, each followed by the distance between pixels.
        let passes = [
            (0, 8, 0, 8),
            (4, 8, 0, 8),
            (0, 4, 4, 8),
            (2, 4, 0, 4),
            (0, 2, 2, 4),
            (1, 2, 0, 2),
            (0, 1, 1, 2),
        ];
        let of = |(left, across, top, down): (u32, u32, u32, u32)| {
            let columns = width.saturating_sub(left).div_ceil(across);
            let rows = height.saturating_sub(top).div_ceil(down);
            if columns == 0 {
                return 0;
            }
            u64::from(rows) * row(columns)
        };
        passes.into_iter().map(of).sum()
    } else {
        u64::from(height) * row(width)
    };
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([depth, number, 0, 0, u8::from(interlaced)]);
    Ok([
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &header),
        chunk(b"IDAT", &deflated(bytes, 0)?),
        chunk(b"IEND", b""),
    ]
    .concat())
}

fn deflated(bytes: u64, of: u8) -> Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    let block = [of; 1 << 16];
    let mut left = repeat(of).take(bytes);
    // In large blocks, because `io::copy` uses a small buffer.
    for _ in 0..bytes / block.len() as u64 {
        encoder.write_all(&block)?;
    }
    let mut rest = Vec::new();
    left.set_limit(bytes % block.len() as u64);
    left.read_to_end(&mut rest)?;
    encoder.write_all(&rest)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crafted_files_can_be_decoded() {
        for (pixels, depth, interlaced) in [
            (Pixels::Grey, 1, false),
            (Pixels::Colour, 8, true),
            (Pixels::ColourAlpha, 16, true),
            (Pixels::ColourAlpha, 16, false),
        ] {
            let file = blank((37, 19), pixels, depth, interlaced).unwrap();
            let file = insert_after_header(&file, &compressed_chunk(b"zTXt", 1_000_000).unwrap());
            let file = insert_before_end(&file, &chunk(b"eXIf", &super::super::tiff::with_entries(9, 1)));
            let picture = image::load_from_memory(&file).unwrap();
            assert_eq!((picture.width(), picture.height()), (37, 19));
        }
    }
}
