//! A WebP file's chunks: its image and its orientation. Transparency, colour profiles and the like are skipped.
//! Sources: RFC 9649, 2; for the headers of lossy and lossless images, RFC 6386, 9.1, and RFC 9649, 3.4.

use std::ops::Range;

use crate::photo::orientation::ExifReader;
use crate::photo::{Format, Header, Refusal};

const ANIMATION: u8 = 0x02;

#[derive(Debug)]
pub struct WebP {
    pub header: Header,
    pub lossless: bool,
    /// The range of the image chunk's content.
    pub image: Range<usize>,
}

/// # Errors
/// The file is truncated, damaged, or an animation.
pub fn read(file: &[u8]) -> Result<WebP, Refusal> {
    let damaged = |reason: &str| Refusal::PhotoDamaged(Format::Webp, reason.to_owned());
    let truncated = || Refusal::PhotoTruncated(Format::Webp, file.len());
    let bytes = file.len();
    let riff_size = little_endian_32(file, 4).ok_or_else(truncated)?;
    let end = 8 + usize::try_from(riff_size).map_err(|_| truncated())?;
    let file = file.get(..end).ok_or_else(truncated)?;
    let mut exif = ExifReader::default();
    let mut image: Option<(bool, Range<usize>)> = None;
    let mut canvas = None;
    let mut at = 12;
    while let Some(length) = little_endian_32(file, at + 4) {
        let content = at + 8..(at + 8).saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        // A chunk that is longer than the file cannot be read, and nothing follows it.
        let Some(bytes) = file.get(content.clone()) else {
            break;
        };
        match &file[at..at + 4] {
            b"VP8X" if at == 12 => {
                if bytes.first().is_some_and(|flags| flags & ANIMATION != 0) {
                    return Err(Refusal::UnsupportedImage("an animated WebP".to_owned()));
                }
                canvas = extended_size(bytes);
            }
            b"VP8 " if image.is_none() => image = Some((false, content.clone())),
            b"VP8L" if image.is_none() => image = Some((true, content.clone())),
            b"EXIF" if canvas.is_some() => exif.read(bytes),
            // A file without the extended header contains nothing but its image.
            _ if canvas.is_none() => break,
            _ => {}
        }
        at = content.end + content.len() % 2;
    }
    let (lossless, image) = image.ok_or_else(|| damaged("it has no image"))?;
    let content = &file[image.clone()];
    let size = if lossless {
        lossless_size(content)
    } else {
        lossy_size(content)
    };
    let (width, height) = size.ok_or_else(|| damaged("its image has no header"))?;
    if canvas.is_some_and(|canvas| canvas != (width, height)) {
        return Err(damaged("its header and its image have different sizes"));
    }
    // Two copies of the image data, and the data that the decoder keeps until the end. For lossy files these are luma
    // and two chroma planes of a quarter each; for lossless files four bytes per pixel, and the images that predict
    // them. The memory of a lossless file's tables is only known when they are read.
    let kept = (u64::from(width) + 32) * (u64::from(height) + 32) * if lossless { 5 } else { 2 };
    let header = Header {
        format: Format::Webp,
        width,
        height,
        grey: false,
        orientation: exif.orientation(),
        file_bytes: bytes,
        decoder_bytes: 2 * image.len() as u64 + kept + (1 << 20),
    };
    Ok(WebP {
        header,
        lossless,
        image,
    })
}

fn extended_size(header: &[u8]) -> Option<(u32, u32)> {
    let side = |at: usize| {
        let &[low, middle, high] = header.get(at..)?.first_chunk()?;
        Some(u32::from_le_bytes([low, middle, high, 0]) + 1)
    };
    Some((side(4)?, side(7)?))
}

fn lossy_size(image: &[u8]) -> Option<(u32, u32)> {
    let &[_, _, _, 0x9d, 0x01, 0x2a, left, right, low, high] = image.first_chunk()? else {
        return None;
    };
    // The two highest bits are a scale, which decoders ignore.
    let side = |bytes| u32::from(u16::from_le_bytes(bytes) & 0x3fff);
    Some((side([left, right]), side([low, high])))
}

fn lossless_size(image: &[u8]) -> Option<(u32, u32)> {
    let (&0x2f, rest) = image.split_first()? else {
        return None;
    };
    let size = little_endian_32(rest, 0)?;
    Some(((size & 0x3fff) + 1, (size >> 14 & 0x3fff) + 1))
}

fn little_endian_32(file: &[u8], at: usize) -> Option<u32> {
    let bytes = file.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests;
