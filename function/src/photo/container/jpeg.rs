//! A JPEG file's markers: its frame, its orientation, and how much work its scans are. Source: ITU-T T.81, annex B.
//!
//! The walk is libjpeg's. A reader that took another way through the markers could be told another size than
//! what is decoded.

mod frame;

use memchr::memchr;

use self::frame::{Frame, Scans, damaged};
use crate::photo::orientation::Reader;
use crate::photo::{Format, Header, Refusal};

/// What libjpeg takes for each column, in bytes, besides the coefficients: buffers for some rows.
const PER_COLUMN: u64 = 512;
/// And whatever the size.
const ALWAYS: u64 = 1 << 20;

const START: u8 = 0xd8;
const START_OF_SCAN: u8 = 0xda;
const END: u8 = 0xd9;
const APP1: u8 = 0xe1;

#[derive(Debug)]
pub struct Jpeg {
    pub header: Header,
    /// How much of the file is the picture; in what follows there is no marker to be sought.
    pub bytes: usize,
}

impl Jpeg {
    /// The first `bytes` of a file are the picture, whose coefficients must be `kept` until the last scan or not.
    fn of(frame: &Frame, exif: &Reader, file: &[u8], bytes: usize, kept: bool) -> Self {
        let coefficients = if kept { frame.coefficients() } else { 0 };
        let header = Header {
            format: Format::Jpeg,
            width: frame.width,
            height: frame.height,
            grey: frame.components.len() == 1,
            orientation: exif.orientation(),
            bytes: file.len(),
            decoder: coefficients + u64::from(frame.width) * PER_COLUMN + ALWAYS,
        };
        Self { header, bytes }
    }
}

/// What `file` says of itself.
///
/// # Errors
/// It is of a kind that is not decoded, ends before its picture, or would take too much work.
pub fn read(file: &[u8]) -> Result<Jpeg, Refusal> {
    let mut markers = Markers { file, at: 2 };
    let mut exif = Reader::default();
    let mut scans = Scans::default();
    let mut frame: Option<Frame> = None;
    while let Some((marker, segment)) = markers.next() {
        match (marker, &mut frame) {
            (END, None) => return Err(damaged("it has no frame, so no size")),
            (END, Some(frame)) => return Ok(Jpeg::of(frame, &exif, file, markers.at, true)),
            (APP1, _) if scans.count == 0 => {
                if let Some(block) = segment.strip_prefix(b"Exif\0") {
                    // One more byte of padding.
                    exif.read(block.get(1..).unwrap_or_default());
                }
            }
            (START_OF_SCAN, None) => return Err(damaged("it has a scan before its frame")),
            // Only what follows a picture without an end starts another one, or has what is no scan of the first.
            (START, Some(_)) if scans.complete.is_some() => break,
            (START_OF_SCAN, Some(frame)) => {
                let all = match frame.scan(segment, &mut scans) {
                    Err(Refusal::PhotoDamaged(..)) if scans.complete.is_some() => break,
                    all => all?,
                };
                if all && !frame.progressive && !frame.arithmetic && scans.count == 1 {
                    // Nothing after this scan is decoded, and only the decoder can say whether it is whole.
                    return Ok(Jpeg::of(frame, &exif, file, file.len(), false));
                }
                // A file without an end may hold anything after its last scan. Arithmetic coding leaves out what it
                // ends with, so that its scans can be told to be whole by the end alone.
                if frame.is_complete() && !frame.arithmetic {
                    scans.complete.get_or_insert_with(|| markers.end_of_scan());
                }
            }
            (_, None) => frame = Frame::read(marker, segment)?,
            (_, Some(_)) => {}
        }
    }
    match (frame, scans.complete) {
        (Some(frame), Some(end)) => Ok(Jpeg::of(&frame, &exif, file, end, true)),
        _ => Err(Refusal::PhotoTruncated(Format::Jpeg, file.len())),
    }
}

/// The markers of a file that have a segment, its start and its end.
struct Markers<'a> {
    file: &'a [u8],
    at: usize,
}

impl<'a> Markers<'a> {
    /// The next marker and its segment. The data of a scan has no length; in it 0xff is followed by 0x00 or a
    /// restart, so that the search for the next marker goes through it.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        loop {
            let (marker, at) = self.marker(self.at)?;
            self.at = at;
            match marker {
                START | END => return Some((marker, &[])),
                // Without a length: TEM and the restarts.
                0x01 | 0xd0..=0xd7 => {}
                _ => {
                    let length = self.file.get(at..)?.first_chunk().copied()?;
                    let end = at + usize::from(u16::from_be_bytes(length).max(2));
                    let segment = self.file.get(at + 2..end)?;
                    self.at = end;
                    return Some((marker, segment));
                }
            }
        }
    }

    /// The marker at or after a place, and where it ends.
    fn marker(&self, mut at: usize) -> Option<(u8, usize)> {
        loop {
            at += memchr(0xff, self.file.get(at..)?)?;
            // Any number of 0xff may come before a marker.
            at += self.file[at..].iter().position(|byte| *byte != 0xff)?;
            let marker = self.file[at];
            at += 1;
            // A zero is stuffed into a scan after 0xff.
            if marker != 0 {
                return Some((marker, at));
            }
        }
    }

    /// Where the data ends of a scan that starts here: at the next marker that is no restart, or with the file.
    fn end_of_scan(&self) -> usize {
        let mut from = self.at;
        while let Some((marker, at)) = self.marker(from) {
            if !matches!(marker, 0xd0..=0xd7) {
                return at - 2;
            }
            from = at;
        }
        self.file.len()
    }
}

#[cfg(test)]
mod tests;
