//! The frame of a JPEG file, the coefficients that its scans contain, and the cost of the scans.

use crate::photo::{Format, Refusal};

/// The maximum number of 8x8 blocks in all scans together, for files in which one scan has fewer than a sixteenth of
/// that. The fastest scan takes some 10 ns per block. A progressive file of a camera or a common tool has ten scans,
/// which for 100 million pixels without subsampling process 22 million blocks.
const MAX_BLOCKS: u64 = 1 << 25;
/// The maximum number of times that the scans of a larger file may process all of its blocks.
const MAX_PASSES: u64 = 16;
/// The cost of starting a scan, in blocks: its tables are rebuilt.
const SCAN_SETUP_BLOCKS: u64 = 1000;

#[derive(Clone, Copy)]
pub struct Component {
    id: u8,
    horizontal: u8,
    vertical: u8,
    scanned: bool,
    /// The lowest bit so far of each coefficient, for a progressive frame.
    bits: [Option<u8>; 64],
}

/// The first frame, the one that is decoded.
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
    /// Cost in blocks, including `SCAN_SETUP_BLOCKS` per scan.
    blocks: u64,
    /// The end of the first scan after which the image is complete.
    pub complete_at: Option<usize>,
}

impl Frame {
    /// `None` if the marker does not start a frame.
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
        let Some((&[precision, high, low, left, right, count], components)) = segment.split_first_chunk() else {
            return Err(damaged("its frame is too short"));
        };
        if precision != 8 {
            return unsupported(format!("a JPEG file with {precision} bits per sample"));
        }
        if ![1, 3, 4].contains(&count) {
            return unsupported(format!("a JPEG file with {count} components"));
        }
        let component = |bytes: &[u8]| Component {
            id: bytes[0],
            horizontal: bytes[1] >> 4,
            vertical: bytes[1] & 0xf,
            scanned: false,
            bits: [None; 64],
        };
        let components: Vec<_> = components.chunks_exact(3).map(component).collect();
        let factor = |factor: u8| (1..=4).contains(&factor);
        let factors = |component: &Component| factor(component.horizontal) && factor(component.vertical);
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

    /// Adds a scan; returns whether it contains all components.
    ///
    /// # Errors
    /// The scan is damaged, or with it the scans take too much work.
    pub fn add_scan(&mut self, segment: &[u8], scans: &mut Scans) -> Result<bool, Refusal> {
        let contradiction = || damaged("a scan contradicts its frame");
        let (&count, rest) = segment.split_first().ok_or_else(contradiction)?;
        let selectors = rest.get(..2 * usize::from(count));
        let selectors = selectors.ok_or_else(contradiction)?;
        let [first, last, bits, ..] = rest[selectors.len()..] else {
            return Err(contradiction());
        };
        let ids = selectors.chunks_exact(2).map(|pair| pair[0]);
        let indices: Vec<usize> = ids
            .filter_map(|id| self.components.iter().position(|component| component.id == id))
            .collect();
        let has_all = indices.len() == self.components.len();
        scans.count += 1;
        scans.blocks += SCAN_SETUP_BLOCKS;
        for &index in &indices {
            scans.blocks += self.component_blocks(index, indices.len() == 1);
            let component = &mut self.components[index];
            component.scanned = true;
            let (first, last) = (usize::from(first), usize::from(last));
            if let Some(scanned) = component.bits.get_mut(first..=last.max(first)) {
                scanned.fill(Some(bits & 0xf));
            }
        }
        let limit = MAX_BLOCKS.max(MAX_PASSES * self.total_blocks());
        if scans.blocks > limit {
            return Err(Refusal::TooMuchWork(
                Format::Jpeg,
                format!(
                    "its first {} scans take the work of {} blocks, and {limit} are permitted",
                    scans.count, scans.blocks
                ),
            ));
        }
        Ok(has_all)
    }

    /// The blocks of a component: only its own in a scan of a `single` component, otherwise those of complete MCUs.
    fn component_blocks(&self, index: usize, single: bool) -> u64 {
        let most = |of: fn(&Component) -> u8| {
            let most = self.components.iter().map(of).max();
            u64::from(most.unwrap_or(1))
        };
        let side = |pixels: u32, own: u8, most: u64| {
            let (pixels, own) = (u64::from(pixels), u64::from(own));
            if single {
                (pixels * own).div_ceil(8 * most)
            } else {
                pixels.div_ceil(8 * most) * own
            }
        };
        let own = self.components[index];
        side(self.width, own.horizontal, most(|component| component.horizontal))
            * side(self.height, own.vertical, most(|component| component.vertical))
    }

    fn total_blocks(&self) -> u64 {
        let blocks = (0..self.components.len()).map(|index| self.component_blocks(index, false));
        blocks.sum()
    }

    pub fn coefficient_bytes(&self) -> u64 {
        64 * size_of::<i16>() as u64 * self.total_blocks()
    }

    /// Whether the scans so far contain the whole image.
    pub fn is_complete(&self) -> bool {
        self.components.iter().all(|component| {
            let refined = component.bits.iter().all(|bit| *bit == Some(0));
            component.scanned && (refined || !self.progressive)
        })
    }
}

pub(super) fn damaged(reason: &str) -> Refusal {
    Refusal::PhotoDamaged(Format::Jpeg, reason.to_owned())
}
