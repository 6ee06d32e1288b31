//! What Lambda gives the function: memory, and the processors that go with it.

use crate::faces::cascade::{Cascade, LARGE};
use crate::faces::work::sizes;
use crate::options::Detection;
use crate::photo::{Header, Refusal};

/// The variable with the function's memory in megabytes.
pub const MEMORY: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";

/// Memory up to which Lambda shows so many processors, in megabytes. Source: measurements of Lambda,
/// since AWS documents only one processor's time at 1,769 MB.
const PROCESSORS: [(u64, u32); 4] = [(3008, 2), (5307, 3), (7076, 4), (8845, 5)];
/// Processors with more memory than that.
const MOST: u32 = 6;

/// The part of the memory that is for photos' files: of one that comes, one that is looked at and one that
/// goes. With the least memory, 128 MB, it is 8 MB, which two or three photos of a phone are.
const FILES: u64 = 16;

/// What the process has before it sees a large photo, in bytes: 32 MB after a small one, 47 MB with all
/// cascades.
const PROCESS: u64 = 50 << 20;
/// What a pixel of the photo takes, in bytes: three colours, grey, and the encoder's buffers.
const PER_PIXEL: u64 = 6;
/// What a pixel takes as it is decoded, in bytes; one byte where there are no colours.
const COLOURS: u64 = 3;
/// What a pixel of the picture that is looked at takes, in bytes: its copies with other contrast and
/// flipped.
const PER_PIXEL_DETECTED: f64 = 8.0;
/// What a pixel of a cascade's pyramid takes, in bytes: itself and its sums. These four were fitted
/// to the peaks of 36 detections, from 0.25 to 24 million pixels; they are up to a third too high.
const PER_PIXEL_OF_PYRAMID: f64 = 10.0;

#[derive(Clone, Copy, Debug, Default)]
pub struct Machine {
    /// Megabytes; unknown outside of Lambda.
    memory: Option<u64>,
}

impl Machine {
    /// The machine that the variable tells of. A value that is no number is none of Lambda's.
    pub fn of(memory: Option<&str>) -> Self {
        let memory = memory.and_then(|text| text.parse().ok());
        Self { memory }
    }

    /// How many threads have a processor each.
    pub fn threads(&self) -> Option<u32> {
        let memory = self.memory?;
        let found = PROCESSORS.iter().find(|(most, _)| memory <= *most);
        Some(found.map_or(MOST, |(_, processors)| *processors))
    }

    /// How many bytes the files of an event's photos may have together.
    pub fn room(&self) -> u64 {
        self.memory
            .map_or(u64::MAX, |memory| (memory << 20) / FILES)
    }

    pub fn bytes(&self) -> Option<u64> {
        self.memory.map(|memory| memory << 20)
    }

    /// Refuses a photo whose pixels would not fit.
    pub fn holds(&self, header: &Header, detection: &Detection) -> Result<(), Refusal> {
        let needs = needs(header, detection).div_ceil(1 << 20);
        match self.memory {
            Some(has) if needs > has => Err(Refusal::NotEnoughMemory {
                width: header.width,
                height: header.height,
                needs,
                has,
            }),
            _ => Ok(()),
        }
    }
}

/// The most memory that the process has while it looks at the photo, in bytes.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is an estimate of something positive"
)]
pub(crate) fn needs(header: &Header, detection: &Detection) -> u64 {
    let side = f64::from(header.width.max(header.height));
    let longest = detection.longest(header.width, header.height);
    let detected = header.pixels() as f64 * (longest / side).powi(2);
    let kept = Cascade::of(detection).filter(|cascade| cascade.keeps_pyramid());
    let pyramids = kept.map(|cascade| {
        let factor = cascade.factor(detection.scale_factor);
        PER_PIXEL_OF_PYRAMID * sizes(factor)
    });
    let pyramids: f64 = if detected > LARGE as f64 {
        // One is let go before the next comes.
        pyramids.fold(0.0, f64::max)
    } else {
        pyramids.sum()
    };
    let looking = detected * (PER_PIXEL_DETECTED + pyramids);
    // An operator may permit more pixels than there is memory anywhere.
    let colours = if header.grey { 1 } else { COLOURS };
    let decoded = header.pixels().saturating_mul(colours);
    // When the decoder has ended, a picture that is turned on its side is there twice.
    let turned = decoded * u64::from(header.orientation.swaps_sides());
    let decoding = decoded.saturating_add(header.decoder.max(turned));
    let looking = header
        .pixels()
        .saturating_mul(PER_PIXEL)
        .saturating_add(looking as u64);
    PROCESS
        .saturating_add((header.bytes as u64).saturating_mul(2))
        .saturating_add(decoding.max(looking))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Preset;
    use crate::photo::Format;
    use crate::photo::orientation::Orientation;

    #[test]
    fn threads_follow_lambdas_processors() {
        let threads = |memory: &str| Machine::of(Some(memory)).threads();
        let table = [
            ("128", 2),
            ("1769", 2),
            ("3008", 2),
            ("3009", 3),
            ("5307", 3),
            ("5308", 4),
            ("7076", 4),
            ("7077", 5),
            ("8845", 5),
            ("8846", 6),
            ("10240", 6),
        ];
        for (memory, expected) in table {
            assert_eq!(threads(memory), Some(expected), "{memory}");
        }
        assert_eq!(Machine::of(None).threads(), None);
        assert_eq!(threads("much"), None);
    }

    #[test]
    fn files_have_a_part_of_the_memory() {
        assert_eq!(Machine::of(Some("128")).room(), 8 << 20);
        assert_eq!(Machine::default().room(), u64::MAX);
    }

    #[test]
    fn a_photo_that_does_not_fit_is_refused_and_fits_when_it_is_scaled_down() {
        let header = Header {
            format: Format::Jpeg,
            width: 6000,
            height: 4000,
            grey: false,
            orientation: Orientation::Upright,
            bytes: 8_000_000,
            decoder: 0,
        };
        let mut detection = Preset::Original.options().detection;
        let small = Machine::of(Some("320"));
        let refusal = small.holds(&header, &detection).unwrap_err();
        assert_eq!(refusal.name(), "NotEnoughMemory");
        Machine::of(Some("2048"))
            .holds(&header, &detection)
            .unwrap();
        Machine::default().holds(&header, &detection).unwrap();
        detection.longest_side = 640;
        small.holds(&header, &detection).unwrap();
        // The defaults of new events take phones' photos in half a gigabyte.
        let balanced = Preset::Balanced.options().detection;
        Machine::of(Some("512")).holds(&header, &balanced).unwrap();
    }

    #[test]
    fn sides_of_any_length_are_reckoned_with() {
        let header = Header {
            format: Format::Png,
            width: u32::MAX,
            height: u32::MAX,
            grey: false,
            orientation: Orientation::Upright,
            bytes: 45,
            decoder: 0,
        };
        let detection = Preset::Balanced.options().detection;
        let refusal = Machine::of(Some("10240")).holds(&header, &detection);
        assert_eq!(refusal.unwrap_err().name(), "NotEnoughMemory");
    }
}
