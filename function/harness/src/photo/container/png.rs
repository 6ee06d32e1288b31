//! A PNG file's chunks: its header, its palette, its image data and its orientation. Text, colour profiles, the frames
//! of an animation and the like are skipped. Source: W3C PNG specification, 5.3.

use std::ops::Range;

use crate::photo::orientation::ExifReader;
use crate::photo::{Format, Header, Refusal};

const SIGNATURE_LENGTH: usize = 8;
/// The bytes of a chunk's length, name and checksum.
const CHUNK_OVERHEAD: usize = 12;

#[derive(Debug)]
pub struct Png {
    pub header: Header,
    /// The ranges of the chunks that define pixels, with their lengths, names and checksums; adjacent IDAT chunks are
    /// one range.
    pub image_chunks: Vec<Range<usize>>,
}

/// # Errors
/// The file is truncated, damaged, or of an unsupported variant.
pub fn read(file: &[u8]) -> Result<Png, Refusal> {
    let damaged = |reason: &str| Refusal::PhotoDamaged(Format::Png, reason.to_owned());
    let truncated = || Refusal::PhotoTruncated(Format::Png, file.len());
    let mut exif = ExifReader::default();
    let mut image_chunks: Vec<Range<usize>> = Vec::new();
    let mut header: Option<[u8; 13]> = None;
    let mut image_data = ImageData::Before;
    let mut at = SIGNATURE_LENGTH;
    loop {
        let length = big_endian_32(file, at).ok_or_else(truncated)?;
        let name: [u8; 4] = *file[at + 4..].first_chunk().ok_or_else(truncated)?;
        let length = usize::try_from(length).map_err(|_| truncated())?;
        let end = at.saturating_add(length).saturating_add(CHUNK_OVERHEAD);
        let content = file.get(at + 8..end - 4).ok_or_else(truncated)?;
        if end > file.len() {
            return Err(truncated());
        }
        if name != *b"IDAT" && image_data == ImageData::In {
            image_data = ImageData::After;
        }
        match (&name, &header) {
            (b"CgBI", None) => {
                let kind = "a PNG file in Apple's CgBI variant";
                return Err(Refusal::UnsupportedImage(kind.to_owned()));
            }
            (b"IHDR", None) => {
                let content = content.first_chunk().filter(|_| length == 13);
                header = Some(*content.ok_or_else(|| damaged("its header is not 13 bytes long"))?);
                image_chunks.push(at..end);
            }
            (_, None) => return Err(damaged("it does not start with its header")),
            (b"IHDR", Some(_)) => return Err(damaged("it has two headers")),
            (b"PLTE", Some([.., 3, _, _, _])) if image_data == ImageData::Before => {
                image_chunks.push(at..end);
            }
            // For other colour types a palette is a suggestion, and after the image data it is ignored.
            (b"PLTE", Some(_)) => {}
            (b"IDAT", Some(_)) => match image_data {
                ImageData::Before => {
                    image_data = ImageData::In;
                    image_chunks.push(at..end);
                }
                ImageData::In => {
                    if let Some(last) = image_chunks.last_mut() {
                        last.end = end;
                    }
                }
                // An IDAT chunk that is not adjacent to the others is not part of the image.
                ImageData::After => {}
            },
            // A damaged chunk must not rotate the image.
            (b"eXIf", Some(_)) if has_valid_crc(&file[at..end]) => exif.read(content),
            (b"IEND", Some(header)) => {
                image_chunks.push(at..end);
                return Ok(finish(header, &exif, image_chunks, file.len()));
            }
            // This bit of the first byte is clear in critical chunks, which a decoder must support.
            ([first, ..], Some(_)) if first & 0x20 == 0 => {
                let name = String::from_utf8_lossy(&name).escape_debug().to_string();
                return Err(damaged(&format!("its critical chunk `{name}` is unknown")));
            }
            _ => {}
        }
        at = end;
    }
}

impl Png {
    /// The file with only the chunks that define pixels.
    ///
    /// # Errors
    /// A chunk's checksum is wrong.
    pub fn strip_other_chunks(&self, file: &[u8]) -> Result<Vec<u8>, Refusal> {
        let sum: usize = self.image_chunks.iter().map(ExactSizeIterator::len).sum();
        let mut small = Vec::with_capacity(SIGNATURE_LENGTH + sum);
        small.extend_from_slice(&file[..SIGNATURE_LENGTH]);
        for part in &self.image_chunks {
            let mut rest = &file[part.clone()];
            small.extend_from_slice(rest);
            while let Some(length) = big_endian_32(rest, 0) {
                let (chunk, others) = rest.split_at(CHUNK_OVERHEAD + length as usize);
                if !has_valid_crc(chunk) {
                    let name = String::from_utf8_lossy(&chunk[4..8]).into_owned();
                    let reason = format!("the checksum of its chunk `{name}` is wrong");
                    return Err(Refusal::PhotoDamaged(Format::Png, reason));
                }
                rest = others;
            }
        }
        Ok(small)
    }
}

/// Whether the last four bytes of a chunk are the checksum of its name and content.
fn has_valid_crc(chunk: &[u8]) -> bool {
    let Some((content, checksum)) = chunk.split_last_chunk() else {
        return false;
    };
    let content = content.get(4..).unwrap_or_default();
    crc32fast::hash(content) == u32::from_be_bytes(*checksum)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ImageData {
    Before,
    In,
    After,
}

fn finish(header: &[u8; 13], exif: &ExifReader, image_chunks: Vec<Range<usize>>, file_bytes: usize) -> Png {
    let side = |at: usize| big_endian_32(header, at).unwrap_or(0);
    let (width, height) = (side(0), side(4));
    let samples = match header[9] {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    // A copy of the file, some rows before and after conversion, and the state of the decompressor.
    let copy: usize = image_chunks.iter().map(ExactSizeIterator::len).sum();
    let stored = (u64::from(width) * samples * u64::from(header[8])).div_ceil(8);
    let header = Header {
        format: Format::Png,
        width,
        height,
        grey: false,
        orientation: exif.orientation(),
        file_bytes,
        decoder_bytes: copy as u64 + 6 * stored + 8 * u64::from(width) + (1 << 20),
    };
    Png { header, image_chunks }
}

fn big_endian_32(file: &[u8], at: usize) -> Option<u32> {
    let bytes = file.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests;
