//! A JPEG file's markers: its frame, its orientation, and how much work its scans are. Source: ITU-T T.81, annex B.
//!
//! The walk is libjpeg's. A reader that took another way through the markers could be told another size than
//! what is decoded.

mod frame;

use memchr::memchr;

use self::frame::{Frame, Scans, damaged};
use crate::photo::orientation::ExifReader;
use crate::photo::{Format, Header, Refusal};

/// What libjpeg takes for each column, in bytes, besides the coefficients: buffers for some rows.
const BYTES_PER_COLUMN: u64 = 512;
/// And whatever the size.
const FIXED_BYTES: u64 = 1 << 20;

const SOI: u8 = 0xd8;
const SOS: u8 = 0xda;
const EOI: u8 = 0xd9;
const APP1: u8 = 0xe1;

#[derive(Debug)]
pub struct Jpeg {
    pub header: Header,
    /// How much of the file is the picture; in what follows there is no marker to be sought.
    pub image_length: usize,
}

impl Jpeg {
    /// The first `image_length` bytes of a file are the picture; `keeps_coefficients` is whether its coefficients must
    /// be kept until the last scan.
    fn new(
        frame: &Frame,
        exif: &ExifReader,
        file: &[u8],
        image_length: usize,
        keeps_coefficients: bool,
    ) -> Self {
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
        Self {
            header,
            image_length,
        }
    }
}

/// What `file` says of itself.
///
/// # Errors
/// It is of a kind that is not decoded, ends before its picture, or would take too much work.
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
                    // One more byte of padding.
                    exif.read(block.get(1..).unwrap_or_default());
                }
            }
            (SOS, None) => return Err(damaged("it has a scan before its frame")),
            // Only what follows a picture without an end starts another one, or has what is no scan of the first.
            (SOI, Some(_)) if scans.complete_at.is_some() => break,
            (SOS, Some(frame)) => {
                let has_all_components = match frame.add_scan(segment, &mut scans) {
                    Err(Refusal::PhotoDamaged(..)) if scans.complete_at.is_some() => break,
                    has_all => has_all?,
                };
                if has_all_components && !frame.progressive && !frame.arithmetic && scans.count == 1
                {
                    // Nothing after this scan is decoded, and only the decoder can say whether it is whole.
                    return Ok(Jpeg::new(frame, &exif, file, file.len(), false));
                }
                // A file without an end may hold anything after its last scan. Arithmetic coding leaves out what it
                // ends with, so that its scans can be told to be whole by the end alone.
                if frame.is_complete() && !frame.arithmetic {
                    scans
                        .complete_at
                        .get_or_insert_with(|| markers.end_of_scan());
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

/// The markers of a file that have a segment, its start and its end.
struct Markers<'a> {
    file: &'a [u8],
    position: usize,
}

impl<'a> Markers<'a> {
    /// The next marker and its segment. The data of a scan has no length; in it 0xff is followed by 0x00 or a
    /// restart, so that the search for the next marker goes through it.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        loop {
            let (marker, position) = self.marker(self.position)?;
            self.position = position;
            match marker {
                SOI | EOI => return Some((marker, &[])),
                // Without a length: TEM and the restarts.
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

    /// The marker at or after a place, and where it ends.
    fn marker(&self, mut position: usize) -> Option<(u8, usize)> {
        loop {
            position += memchr(0xff, self.file.get(position..)?)?;
            // Any number of 0xff may come before a marker.
            position += self.file[position..]
                .iter()
                .position(|byte| *byte != 0xff)?;
            let marker = self.file[position];
            position += 1;
            // A zero is stuffed into a scan after 0xff.
            if marker != 0 {
                return Some((marker, position));
            }
        }
    }

    /// Where the data ends of a scan that starts here: at the next marker that is no restart, or with the file.
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
