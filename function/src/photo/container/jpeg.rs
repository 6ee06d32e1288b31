//! A JPEG file's markers: its frame, its orientation, and how much work its scans are. Source: ITU-T T.81, annex B.
//!
//! The walk is libjpeg's. A reader that took another way through the markers could be told another size than
//! what is decoded.

use memchr::memchr;

use super::super::orientation::{Orientation, Reader};
use super::super::{Format, Refusal};

/// How many blocks of 8x8 samples all scans together may go over, for files of which one scan has fewer than a
/// sixteenth of that. The fastest scan takes some 10 ns a block. A progressive file of a camera or a common tool has
/// ten scans, which of 100 million pixels without subsampling go over 22 million blocks.
const BLOCKS: u64 = 1 << 26;
/// How often the scans of larger files may go over all of their blocks.
const TIMES: u64 = 16;
/// What starting a scan takes, in blocks: its tables are built anew.
const SCAN: u64 = 1000;

/// What libjpeg takes for each column, in bytes, besides the coefficients: buffers for some rows.
const PER_COLUMN: u64 = 512;
/// And whatever the size.
const ALWAYS: u64 = 1 << 20;

const START_OF_SCAN: u8 = 0xda;
const END: u8 = 0xd9;
const APP1: u8 = 0xe1;

/// What a JPEG file says before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jpeg {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// How many components each pixel has.
    pub components: u8,
    /// How it must be turned.
    pub orientation: Orientation,
    /// Bytes that its coefficients take, if they must be kept until the last scan.
    pub coefficients: u64,
    /// How much of the file is the picture; in what follows there is no marker to be sought.
    pub bytes: usize,
}

impl Jpeg {
    /// Bytes that decoding takes at most, besides the pixels: the coefficients, and some rows.
    pub fn memory(&self) -> u64 {
        self.coefficients + u64::from(self.width) * PER_COLUMN + ALWAYS
    }
}

/// One component of the frame.
#[derive(Clone, Copy)]
struct Component {
    name: u8,
    horizontal: u8,
    vertical: u8,
    /// Whether a scan of it was seen.
    seen: bool,
    /// The lowest bit that was seen of each coefficient of a progressive frame.
    bits: [Option<u8>; 64],
}

/// The first frame, which is the one that is decoded.
struct Frame {
    width: u32,
    height: u32,
    progressive: bool,
    arithmetic: bool,
    components: Vec<Component>,
}

/// What `file` says of itself.
///
/// # Errors
/// It is of a kind that is not decoded, ends before its picture, or would take too much work.
pub fn read(file: &[u8]) -> Result<Jpeg, Refusal> {
    let truncated = || Refusal::PhotoTruncated(Format::Jpeg, file.len());
    let mut markers = Markers { file, at: 2 };
    let mut exif = Reader::default();
    let mut scans = Scans::default();
    let mut frame: Option<Frame> = None;
    while let Some((marker, segment)) = markers.next() {
        match (marker, &mut frame) {
            (END, None) => return Err(damaged("it has no frame, so no size")),
            (END, Some(frame)) => return Ok(frame.whole(&exif, markers.at)),
            (APP1, _) if scans.count == 0 => {
                if let Some(block) = segment.strip_prefix(b"Exif\0") {
                    // One more byte of padding.
                    exif.read(block.get(1..).unwrap_or_default());
                }
            }
            (START_OF_SCAN, None) => return Err(damaged("it has a scan before its frame")),
            (START_OF_SCAN, Some(frame)) => {
                let all = frame.scan(segment, &mut scans)?;
                if all && !frame.progressive && !frame.arithmetic && scans.count == 1 {
                    // Nothing after this scan is decoded, and only the decoder can say whether it is whole.
                    return Ok(Jpeg {
                        coefficients: 0,
                        ..frame.whole(&exif, file.len())
                    });
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
        (Some(frame), Some(end)) => Ok(frame.whole(&exif, end)),
        _ => Err(truncated()),
    }
}

fn damaged(reason: &str) -> Refusal {
    Refusal::PhotoDamaged(Format::Jpeg, reason.to_owned())
}

/// What was seen of the scans.
#[derive(Default)]
struct Scans {
    count: u64,
    /// In blocks.
    work: u64,
    /// Where the first scan ends after which nothing of the picture is missing.
    complete: Option<usize>,
}

impl Frame {
    /// The frame, if the marker starts one.
    fn read(marker: u8, segment: &[u8]) -> Result<Option<Self>, Refusal> {
        let kind = match marker {
            0xc0..=0xc2 | 0xc9 | 0xca => None,
            0xc3 | 0xcb => Some("a lossless JPEG file"),
            0xc5..=0xc7 | 0xcd..=0xcf | 0xde | 0xdf => Some("a hierarchical JPEG file"),
            0xf7 => Some("a JPEG-LS file"),
            _ => return Ok(None),
        };
        if let Some(kind) = kind {
            return Err(Refusal::UnsupportedImage(kind.to_owned()));
        }
        let &[
            precision,
            high,
            low,
            left,
            right,
            count,
            ref components @ ..,
        ] = segment
        else {
            return Err(damaged("its frame is too short"));
        };
        if precision != 8 {
            let kind = format!("a JPEG file with {precision} bits a sample");
            return Err(Refusal::UnsupportedImage(kind));
        }
        if ![1, 3, 4].contains(&count) {
            let kind = format!("a JPEG file with {count} components");
            return Err(Refusal::UnsupportedImage(kind));
        }
        let component = |bytes: &[u8]| Component {
            name: bytes[0],
            horizontal: bytes[1] >> 4,
            vertical: bytes[1] & 0xf,
            seen: false,
            bits: [None; 64],
        };
        let components: Vec<_> = components.chunks_exact(3).map(component).collect();
        let factor = |factor: u8| (1..=4).contains(&factor);
        let factors = |each: &Component| factor(each.horizontal) && factor(each.vertical);
        if components.len() != usize::from(count) || !components.iter().all(factors) {
            return Err(damaged("its frame contradicts itself"));
        }
        Ok(Some(Self {
            width: u32::from(u16::from_be_bytes([left, right])),
            height: u32::from(u16::from_be_bytes([high, low])),
            progressive: matches!(marker, 0xc2 | 0xca),
            arithmetic: matches!(marker, 0xc9 | 0xca),
            components,
        }))
    }

    /// Notes a scan, and says whether all components are in it.
    ///
    /// # Errors
    /// With it the scans are too much work.
    fn scan(&mut self, segment: &[u8], scans: &mut Scans) -> Result<bool, Refusal> {
        let contradiction = || damaged("a scan contradicts its frame");
        let (&count, rest) = segment.split_first().ok_or_else(contradiction)?;
        let names = rest.get(..2 * usize::from(count));
        let names = names.ok_or_else(contradiction)?;
        let [first, last, bits, ..] = rest[names.len()..] else {
            return Err(contradiction());
        };
        let names = names.chunks_exact(2).map(|pair| pair[0]);
        let places: Vec<usize> = names
            .filter_map(|name| self.components.iter().position(|each| each.name == name))
            .collect();
        let all = places.len() == self.components.len();
        scans.count += 1;
        scans.work += SCAN;
        for &place in &places {
            scans.work += self.blocks(place, places.len() == 1);
            let component = &mut self.components[place];
            component.seen = true;
            let (first, last) = (usize::from(first), usize::from(last));
            if let Some(seen) = component.bits.get_mut(first..=last.max(first)) {
                seen.fill(Some(bits & 0xf));
            }
        }
        let limit = BLOCKS.max(TIMES * self.all_blocks());
        if scans.work > limit {
            return Err(Refusal::TooMuchWork(
                Format::Jpeg,
                format!(
                    "its first {} scans go over the work of {} blocks, and {limit} are permitted",
                    scans.count, scans.work
                ),
            ));
        }
        Ok(all)
    }

    /// How many blocks a component has: its own in a scan of its own, and otherwise those of whole units.
    fn blocks(&self, place: usize, alone: bool) -> u64 {
        let most = |of: fn(&Component) -> u8| {
            let most = self.components.iter().map(of).max();
            u64::from(most.unwrap_or(1))
        };
        let side = |pixels: u32, own: u8, most: u64| {
            let (pixels, own) = (u64::from(pixels), u64::from(own));
            if alone {
                (pixels * own).div_ceil(8 * most)
            } else {
                pixels.div_ceil(8 * most) * own
            }
        };
        let own = self.components[place];
        side(self.width, own.horizontal, most(|each| each.horizontal))
            * side(self.height, own.vertical, most(|each| each.vertical))
    }

    fn all_blocks(&self) -> u64 {
        let blocks = (0..self.components.len()).map(|place| self.blocks(place, false));
        blocks.sum()
    }

    /// Whether the scans that were seen have all of the picture.
    fn is_complete(&self) -> bool {
        self.components.iter().all(|component| {
            let refined = component.bits.iter().all(|bit| *bit == Some(0));
            component.seen && (refined || !self.progressive)
        })
    }

    fn whole(&self, exif: &Reader, bytes: usize) -> Jpeg {
        const COEFFICIENTS: u64 = 64 * size_of::<i16>() as u64;
        Jpeg {
            width: self.width,
            height: self.height,
            components: u8::try_from(self.components.len()).unwrap_or(u8::MAX),
            orientation: exif.orientation(),
            coefficients: COEFFICIENTS * self.all_blocks(),
            bytes,
        }
    }
}

/// The markers of a file that have a segment, and the end.
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
                END => return Some((END, &[])),
                // Without a length: TEM, the restarts, the start.
                0x01 | 0xd0..=0xd8 => {}
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
