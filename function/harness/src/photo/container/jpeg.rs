//! A JPEG file's markers: its frame, its orientation, and the cost of its scans. Source: ITU-T T.81, annex B.
//!
//! Markers are parsed as libjpeg does it. Otherwise a file could show this parser another size than the one that is
//! decoded.

mod frame;

use memchr::memchr;

use self::frame::{Frame, Scans, damaged};
use crate::photo::orientation::ExifReader;
use crate::photo::{Format, Header, Refusal};

/// libjpeg's memory per column besides the coefficients, in bytes: buffers for some rows.
const BYTES_PER_COLUMN: u64 = 512;
/// libjpeg's memory regardless of the size, in bytes.
const FIXED_BYTES: u64 = 1 << 20;

const SOI: u8 = 0xd8;
const SOS: u8 = 0xda;
const EOI: u8 = 0xd9;
const APP1: u8 = 0xe1;

#[derive(Debug)]
pub struct Jpeg {
    pub header: Header,
    /// The length of the image in the file, in bytes. The decoder must not search what follows for markers.
    pub image_length: usize,
}

impl Jpeg {
    /// The image is the first `image_length` bytes of the file; `keeps_coefficients` is whether the decoder must keep
    /// the coefficients until the last scan.
    fn new(frame: &Frame, exif: &ExifReader, file: &[u8], image_length: usize, keeps_coefficients: bool) -> Self {
        let coefficients = if keeps_coefficients {
            frame.coefficient_bytes()
        } else {
            0
        };
        let header = Header {
            format: Format::Jpeg,
            width: frame.width,
            height: frame.height,
            grey: frame.components.len() == 1,
            orientation: exif.orientation(),
            file_bytes: file.len(),
            decoder_bytes: coefficients + u64::from(frame.width) * BYTES_PER_COLUMN + FIXED_BYTES,
        };
        Self { header, image_length }
    }
}

/// # Errors
/// The file is of an unsupported variant, damaged or truncated, or would take too much work.
pub fn read(file: &[u8]) -> Result<Jpeg, Refusal> {
    let mut markers = Markers { file, position: 2 };
    let mut exif = ExifReader::default();
    let mut scans = Scans::default();
    let mut frame: Option<Frame> = None;
    while let Some((marker, segment)) = markers.next() {
        match (marker, &mut frame) {
            (EOI, None) => return Err(damaged("it has no frame, so no size")),
            (EOI, Some(frame)) => return Ok(Jpeg::new(frame, &exif, file, markers.position, true)),
            (APP1, _) if scans.count == 0 => {
                if let Some(block) = segment.strip_prefix(b"Exif\0") {
                    // The identifier ends with one more byte of padding.
                    exif.read(block.get(1..).unwrap_or_default());
                }
            }
            (SOS, None) => return Err(damaged("it has a scan before its frame")),
            // After a complete image without EOI, SOI starts another image, and an invalid scan is not part of this
            // one.
            (SOI, Some(_)) if scans.complete_at.is_some() => break,
            (SOS, Some(frame)) => {
                let has_all_components = match frame.add_scan(segment, &mut scans) {
                    Err(Refusal::PhotoDamaged(..)) if scans.complete_at.is_some() => break,
                    has_all => has_all?,
                };
                if has_all_components && !frame.progressive && !frame.arithmetic && scans.count == 1 {
                    // Nothing after this scan is decoded, and only the decoder can detect whether it is complete.
                    return Ok(Jpeg::new(frame, &exif, file, file.len(), false));
                }
                // Without EOI, anything may follow the last scan. Arithmetic coding omits the end of its data, so only
                // EOI shows that its scans are complete.
                if frame.is_complete() && !frame.arithmetic {
                    scans.complete_at.get_or_insert_with(|| markers.end_of_scan());
                }
            }
            (_, None) => frame = Frame::read(marker, segment)?,
            (_, Some(_)) => {}
        }
    }
    match (frame, scans.complete_at) {
        (Some(frame), Some(end)) => Ok(Jpeg::new(&frame, &exif, file, end, true)),
        _ => Err(Refusal::PhotoTruncated(Format::Jpeg, file.len())),
    }
}

/// SOI, EOI, and the markers that have a segment.
struct Markers<'a> {
    file: &'a [u8],
    position: usize,
}

impl<'a> Markers<'a> {
    /// The next marker and its segment. The data of a scan has no length; in it, 0xff is followed by 0x00 or a restart
    /// marker, so the search for the next marker skips it.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        loop {
            let (marker, position) = self.marker(self.position)?;
            self.position = position;
            match marker {
                SOI | EOI => return Some((marker, &[])),
                // TEM and the restart markers have no length.
                0x01 | 0xd0..=0xd7 => {}
                _ => {
                    let length = self.file.get(position..)?.first_chunk().copied()?;
                    let end = position + usize::from(u16::from_be_bytes(length).max(2));
                    let segment = self.file.get(position + 2..end)?;
                    self.position = end;
                    return Some((marker, segment));
                }
            }
        }
    }

    /// The first marker at or after `position`, and the position after it.
    fn marker(&self, mut position: usize) -> Option<(u8, usize)> {
        loop {
            position += memchr(0xff, self.file.get(position..)?)?;
            // Any number of fill bytes 0xff may precede a marker.
            position += self.file[position..].iter().position(|byte| *byte != 0xff)?;
            let marker = self.file[position];
            position += 1;
            // In a scan, a stuffed zero follows each byte 0xff.
            if marker != 0 {
                return Some((marker, position));
            }
        }
    }

    /// The end of the data of a scan at the current position: the next marker except restarts, or the end of the file.
    fn end_of_scan(&self) -> usize {
        let mut from = self.position;
        while let Some((marker, position)) = self.marker(from) {
            if !matches!(marker, 0xd0..=0xd7) {
                return position - 2;
            }
            from = position;
        }
        self.file.len()
    }
}

#[cfg(test)]
mod tests;
