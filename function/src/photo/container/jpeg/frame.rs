//! The frame of a JPEG file, what its scans bring of it, and how much work they are.

use crate::photo::{Format, Refusal};

/// How many blocks of 8x8 samples all scans together may go over, for files of which one scan has fewer than a
/// sixteenth of that. The fastest scan takes some 10 ns a block. A progressive file of a camera or a common tool has
/// ten scans, which of 100 million pixels without subsampling go over 22 million blocks.
const BLOCKS: u64 = 1 << 25;
/// How often the scans of larger files may go over all of their blocks.
const TIMES: u64 = 16;
/// What starting a scan takes, in blocks: its tables are built anew.
const SCAN: u64 = 1000;

#[derive(Clone, Copy)]
pub struct Component {
    name: u8,
    horizontal: u8,
    vertical: u8,
    seen: bool,
    /// The lowest bit that was seen of each coefficient of a progressive frame.
    bits: [Option<u8>; 64],
}

/// The first frame, which is the one that is decoded.
pub struct Frame {
    pub width: u32,
    pub height: u32,
    pub progressive: bool,
    pub arithmetic: bool,
    pub components: Vec<Component>,
}

#[derive(Default)]
pub struct Scans {
    pub count: u64,
    /// In blocks.
    work: u64,
    /// Where the first scan ends after which nothing of the picture is missing.
    pub complete: Option<usize>,
}

impl Frame {
    /// The frame, if the marker starts one.
    pub fn read(marker: u8, segment: &[u8]) -> Result<Option<Self>, Refusal> {
        let unsupported = |kind: String| Err(Refusal::UnsupportedImage(kind));
        match marker {
            0xc0..=0xc2 | 0xc9 | 0xca => {}
            0xc3 | 0xcb => return unsupported("a lossless JPEG file".to_owned()),
            0xc5..=0xc7 | 0xcd..=0xcf | 0xde | 0xdf => {
                return unsupported("a hierarchical JPEG file".to_owned());
            }
            0xf7 => return unsupported("a JPEG-LS file".to_owned()),
            _ => return Ok(None),
        }
        let Some((&[precision, high, low, left, right, count], components)) =
            segment.split_first_chunk()
        else {
            return Err(damaged("its frame is too short"));
        };
        if precision != 8 {
            return unsupported(format!("a JPEG file with {precision} bits a sample"));
        }
        if ![1, 3, 4].contains(&count) {
            return unsupported(format!("a JPEG file with {count} components"));
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
    pub fn scan(&mut self, segment: &[u8], scans: &mut Scans) -> Result<bool, Refusal> {
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

    /// Bytes that all of its coefficients take.
    pub fn coefficients(&self) -> u64 {
        64 * size_of::<i16>() as u64 * self.all_blocks()
    }

    /// Whether the scans that were seen have all of the picture.
    pub fn is_complete(&self) -> bool {
        self.components.iter().all(|component| {
            let refined = component.bits.iter().all(|bit| *bit == Some(0));
            component.seen && (refined || !self.progressive)
        })
    }
}

pub(super) fn damaged(reason: &str) -> Refusal {
    Refusal::PhotoDamaged(Format::Jpeg, reason.to_owned())
}
