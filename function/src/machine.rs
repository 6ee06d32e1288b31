//! What Lambda gives the function: memory, and the processors that go with it.

use crate::options::Detection;
use crate::photo::{Header, Refusal};

/// The variable with the function's memory in megabytes.
pub const MEMORY: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";

/// Memory up to which Lambda shows so many processors, in megabytes. Source: measurements of Lambda,
/// since AWS documents only one processor's time at 1,769 MB.
const PROCESSORS: [(u64, u32); 4] = [(3008, 2), (5307, 3), (7076, 4), (8845, 5)];
/// Processors with more memory than that.
const MOST: u32 = 6;

/// What the process has before it sees a photo, in bytes: measured 19 MB with all cascades, and as
/// much again for what connections and their buffers take.
const PROCESS: u64 = 40 << 20;
/// What a pixel of the photo takes, in bytes: three colours, grey, and the encoder's buffers.
const PER_PIXEL: u64 = 6;
/// What a pixel of the picture that is looked at takes, in bytes.
const PER_PIXEL_DETECTED: u64 = 40;

/// The machine that the function runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Machine {
    /// Megabytes; unknown outside of Lambda.
    memory: Option<u64>,
}

impl Machine {
    /// The machine that the variable tells of. A value that is no number is none of Lambda's.
    pub fn of(memory: Option<&str>) -> Self {
        Self {
            memory: memory.and_then(|text| text.parse().ok()),
        }
    }

    /// How many threads have a processor each.
    pub fn threads(&self) -> Option<u32> {
        let memory = self.memory?;
        let found = PROCESSORS.iter().find(|(most, _)| memory <= *most);
        Some(found.map_or(MOST, |(_, processors)| *processors))
    }

    /// Refuses a photo whose pixels would not fit.
    pub fn holds(&self, header: &Header, detection: &Detection) -> Result<(), Refusal> {
        let Some(has) = self.memory else {
            return Ok(());
        };
        let needs = needs(header, detection).div_ceil(1 << 20);
        if needs <= has {
            return Ok(());
        }
        Err(Refusal::NotEnoughMemory {
            width: header.width,
            height: header.height,
            needs,
            has,
        })
    }
}

/// The most memory that the process has while it looks at the photo, in bytes.
fn needs(header: &Header, detection: &Detection) -> u64 {
    let pixels = header.pixels();
    let side = u64::from(header.width.max(header.height));
    let detected = match u64::from(detection.longest_side) {
        longest if longest != 0 && longest < side => {
            // Both sides shrink.
            pixels.saturating_mul(longest) / side * longest / side
        }
        _ => pixels,
    };
    let file = header.bytes as u64;
    PROCESS
        .saturating_add(file.saturating_mul(2))
        .saturating_add(pixels.saturating_mul(PER_PIXEL))
        .saturating_add(detected.saturating_mul(PER_PIXEL_DETECTED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Preset;
    use crate::photo::Format;

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
    fn a_photo_that_does_not_fit_is_refused_and_fits_when_it_is_scaled_down() {
        let header = Header {
            format: Format::Jpeg,
            width: 6000,
            height: 4000,
            bytes: 8_000_000,
        };
        let mut detection = Preset::Original.options().detection;
        let small = Machine::of(Some("256"));
        let refusal = small.holds(&header, &detection).unwrap_err();
        assert_eq!(refusal.name(), "NotEnoughMemory");
        Machine::of(Some("2048"))
            .holds(&header, &detection)
            .unwrap();
        Machine::default().holds(&header, &detection).unwrap();
        detection.longest_side = 1024;
        small.holds(&header, &detection).unwrap();
    }
}
