//! The EXIF orientation: how a photo must be rotated to be upright.

use exif::{Error, In, Tag};
use strum::FromRepr;

/// The maximum EXIF data that is read of a file, in bytes; a JPEG segment cannot be longer.
const MAX_EXIF_BYTES: usize = 64 << 10;
/// Tags that point from the first directory to others. A file can contain so many that reading their targets takes
/// gigabytes of memory, and the orientation is in the first directory.
const SUB_IFD_TAGS: [usize; 2] = [0x8769, 0x8825];

/// The sides of the upright photo on which the first row and the first column of the stored image are. Source: CIPA
/// DC-008, 4.6.5.1.6.
#[derive(Clone, Copy, Debug, Default, FromRepr, PartialEq, Eq)]
#[repr(u32)]
pub enum Orientation {
    /// Top, left.
    #[default]
    Upright = 1,
    /// Top, right.
    Mirrored,
    /// Bottom, right.
    UpsideDown,
    /// Bottom, left.
    Flipped,
    /// Left, top.
    Transposed,
    /// Right, top.
    TurnedLeft,
    /// Right, bottom.
    Transversed,
    /// Left, bottom.
    TurnedRight,
}

impl Orientation {
    /// An invalid `number` counts as upright.
    pub fn from_exif(number: u32) -> Self {
        Self::from_repr(number).unwrap_or_default()
    }

    /// Whether the upright photo's width is the stored image's height.
    pub fn swaps_sides(self) -> bool {
        use Orientation::{Transposed, Transversed, TurnedLeft, TurnedRight};
        matches!(self, Transposed | TurnedLeft | Transversed | TurnedRight)
    }
}

/// Reads the EXIF blocks of one file until one has an orientation.
#[derive(Debug, Default)]
pub struct ExifReader {
    found: Option<Orientation>,
    /// The size of the blocks that were read.
    bytes: usize,
}

impl ExifReader {
    /// Some writers start a block with the identifier that it has in JPEG files.
    pub fn read(&mut self, block: &[u8]) {
        let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
        let left = MAX_EXIF_BYTES.saturating_sub(self.bytes);
        if self.found.is_some() || left == 0 {
            return;
        }
        let block = &block[..block.len().min(left)];
        self.bytes += block.len();
        self.found = orientation(block).map(Orientation::from_exif);
    }

    pub fn orientation(&self) -> Orientation {
        self.found.unwrap_or_default()
    }
}

fn orientation(block: &[u8]) -> Option<u32> {
    let block = first_directory(block)?;
    let read = exif::Reader::new().continue_on_error(true).read_raw(block);
    let exif = match read {
        Ok(exif) => exif,
        // Damaged fields are skipped.
        Err(Error::PartialResult(part)) => part.into_inner().0,
        Err(_) => return None,
    };
    exif.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0)
}

/// The block without pointers to other directories.
fn first_directory(block: &[u8]) -> Option<Vec<u8>> {
    let mut block = block.to_vec();
    let little_endian = block.starts_with(b"II");
    let number = |bytes: &[u8]| {
        let append = |number: usize, byte: &u8| number << 8 | usize::from(*byte);
        if little_endian {
            bytes.iter().rev().fold(0, append)
        } else {
            bytes.iter().fold(0, append)
        }
    };
    let start = number(block.get(4..8)?);
    let count = number(block.get(start..start + 2)?);
    let mut entries = block.get_mut(start + 2..)?.chunks_exact_mut(12);
    for entry in entries.by_ref().take(count) {
        if SUB_IFD_TAGS.contains(&number(&entry[..2])) {
            entry[..2].fill(0);
        }
    }
    // The offset of the next directory.
    let next = start + 2 + 12 * count;
    if let Some(next) = block.get_mut(next..next + 4) {
        next.fill(0);
    }
    Some(block)
}

#[cfg(test)]
mod tests;
