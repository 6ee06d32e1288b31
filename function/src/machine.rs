//! The function's resources: its memory, and the vCPUs that Lambda adds with it.

use crate::faces::cost::{EYE_SCALE_FACTOR, pyramid_area};
use crate::faces::tiles;
use crate::options::{DetectionOptions, DetectorOptions, EyeCascade};
use crate::photo::scaling::Scaling;
use crate::photo::{Header, Refusal};

/// The environment variable with the function's memory in megabytes.
pub const MEMORY_SIZE_VARIABLE: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";

/// Memory in megabytes up to which Lambda provides a number of vCPUs. Source: measurements on Lambda, since AWS
/// documents only that 1,769 MB correspond to one vCPU.
const VCPUS_BY_MEMORY: [(u64, u32); 4] = [(3008, 2), (5307, 3), (7076, 4), (8845, 5)];
/// vCPUs with more memory than the last entry of `VCPUS_BY_MEMORY`.
const MAX_VCPUS: u32 = 6;

/// The fraction of the memory for photos' files: one in download, one in detection and one in upload. With the minimum
/// of 128 MB it is 8 MB, which holds two or three phone photos.
const FILE_MEMORY_DIVISOR: u64 = 16;

/// Memory of the process before a large photo, in bytes: 14 MB after small photos with all detectors, up to 17 MB that
/// YuNet keeps, and a margin for connections and for other photos' files.
const BASE_BYTES: u64 = 50 << 20;
/// Memory per pixel of the photo, in bytes: three colours, grey, and the encoder's buffers.
const BYTES_PER_PIXEL: u64 = 6;
/// Memory per decoded pixel, in bytes; one byte in a grey photo.
const DECODED_BYTES_PER_PIXEL: u64 = 3;
/// Memory per pixel of the image that is scanned, in bytes: with cascades, the pixel and rows of its pyramid; with
/// YuNet, its colours and those of the smaller levels.
const BYTES_PER_CASCADE_PIXEL: f64 = 8.0;
const BYTES_PER_YUNET_PIXEL: f64 = 4.0;
/// Memory per pixel of YuNet's largest tile, in bytes: its colours and the network's maps, which are smaller than the
/// tile and have more channels.
const BYTES_PER_TILE_PIXEL: f64 = 20.0;
/// Memory per pixel of the pyramid that OpenCV's own detector keeps, in bytes: the pixel and its integral images.
const BYTES_PER_PYRAMID_PIXEL: f64 = 10.0;

#[derive(Clone, Copy, Debug, Default)]
pub struct Machine {
    /// The function's memory in megabytes; `None` outside Lambda.
    memory: Option<u64>,
}

impl Machine {
    /// `memory` is the value of `MEMORY_SIZE_VARIABLE`; one that is not a number is ignored.
    pub fn from_memory_size(memory: Option<&str>) -> Self {
        let memory = memory.and_then(|text| text.parse().ok());
        Self { memory }
    }

    /// The number of threads that get a vCPU each.
    pub fn threads(&self) -> Option<u32> {
        let memory = self.memory?;
        let found = VCPUS_BY_MEMORY.iter().find(|(most, _)| memory <= *most);
        Some(found.map_or(MAX_VCPUS, |(_, processors)| *processors))
    }

    /// The bytes that the files of an event's photos may take together.
    pub fn file_budget(&self) -> u64 {
        self.memory
            .map_or(u64::MAX, |memory| (memory << 20) / FILE_MEMORY_DIVISOR)
    }

    pub fn memory_bytes(&self) -> Option<u64> {
        self.memory.map(|memory| memory << 20)
    }

    /// # Errors
    /// `NotEnoughMemory` if the pixels do not fit.
    pub fn check_memory(&self, header: &Header, detection: &DetectionOptions) -> Result<(), Refusal> {
        let required = peak_memory(header, detection).div_ceil(1 << 20);
        match self.memory {
            Some(available) if required > available => Err(Refusal::NotEnoughMemory {
                width: header.width,
                height: header.height,
                required,
                available,
            }),
            _ => Ok(()),
        }
    }
}

/// An upper estimate of the process's peak memory during detection in the photo, in bytes.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate of a positive number"
)]
pub(crate) fn peak_memory(header: &Header, detection: &DetectionOptions) -> u64 {
    let image = Scaling::new((header.width, header.height), detection.longest_side).image();
    let pixels = f64::from(image.0) * f64::from(image.1);
    let detection_bytes = match &detection.detector {
        DetectorOptions::YuNet(_) => {
            let tile_pixels = tiles::largest_tile_pixels(detection.finest_level(image));
            pixels * BYTES_PER_YUNET_PIXEL + tile_pixels * BYTES_PER_TILE_PIXEL
        }
        // It runs in OpenCV's own detector, and a face may be as large as the photo.
        DetectorOptions::Cascades(options) if options.eye_cascade == EyeCascade::EyeTreeEyeglasses => {
            pixels * (BYTES_PER_CASCADE_PIXEL + BYTES_PER_PYRAMID_PIXEL * pyramid_area(EYE_SCALE_FACTOR))
        }
        DetectorOptions::Cascades(_) => pixels * BYTES_PER_CASCADE_PIXEL,
    };
    // Saturating, because an operator may permit more pixels than fit into any memory.
    let channels = if header.grey { 1 } else { DECODED_BYTES_PER_PIXEL };
    let decoded_bytes = header.pixels().saturating_mul(channels);
    // After decoding, a photo that is rotated by 90 degrees is in memory twice.
    let rotated_bytes = decoded_bytes * u64::from(header.orientation.swaps_sides());
    let decoding_bytes = decoded_bytes.saturating_add(header.decoder_bytes.max(rotated_bytes));
    let detection_bytes = header
        .pixels()
        .saturating_mul(BYTES_PER_PIXEL)
        .saturating_add(detection_bytes as u64);
    BASE_BYTES
        .saturating_add((header.file_bytes as u64).saturating_mul(2))
        .saturating_add(decoding_bytes.max(detection_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Preset;
    use crate::photo::Format;
    use crate::photo::orientation::Orientation;

    #[test]
    fn threads_match_lambdas_vcpus() {
        let threads = |memory: &str| Machine::from_memory_size(Some(memory)).threads();
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
        assert_eq!(Machine::from_memory_size(None).threads(), None);
        assert_eq!(threads("much"), None);
    }

    #[test]
    fn files_get_a_sixteenth_of_the_memory() {
        assert_eq!(Machine::from_memory_size(Some("128")).file_budget(), 8 << 20);
        assert_eq!(Machine::default().file_budget(), u64::MAX);
    }

    #[test]
    fn a_photo_over_the_memory_is_refused_unless_scaled_down() {
        let header = Header {
            format: Format::Jpeg,
            width: 6000,
            height: 4000,
            grey: false,
            orientation: Orientation::Upright,
            file_bytes: 8_000_000,
            decoder_bytes: 0,
        };
        let mut detection = Preset::Original.options().detection;
        let small = Machine::from_memory_size(Some("320"));
        let refusal = small.check_memory(&header, &detection).unwrap_err();
        assert_eq!(refusal.name(), "NotEnoughMemory");
        Machine::from_memory_size(Some("2048"))
            .check_memory(&header, &detection)
            .unwrap();
        Machine::default().check_memory(&header, &detection).unwrap();
        detection.longest_side = 640;
        small.check_memory(&header, &detection).unwrap();
        // The defaults of new events accept phone photos with half a gigabyte.
        let balanced = Preset::Balanced.options().detection;
        Machine::from_memory_size(Some("512"))
            .check_memory(&header, &balanced)
            .unwrap();
    }

    #[test]
    fn tiles_take_the_same_memory_for_larger_photos() {
        let header = Header {
            format: Format::Png,
            width: 6000,
            height: 4000,
            grey: false,
            orientation: Orientation::Upright,
            file_bytes: 45,
            decoder_bytes: 0,
        };
        let accurate = Preset::Accurate.options().detection;
        let larger = Header {
            width: 12_000,
            ..header
        };
        let added = peak_memory(&larger, &accurate) - peak_memory(&header, &accurate);
        // Only those for the photo's own pixels and the smaller levels.
        assert_eq!(added, header.pixels() * 10);
    }

    #[test]
    fn huge_sides_do_not_overflow() {
        let header = Header {
            format: Format::Png,
            width: u32::MAX,
            height: u32::MAX,
            grey: false,
            orientation: Orientation::Upright,
            file_bytes: 45,
            decoder_bytes: 0,
        };
        let detection = Preset::Balanced.options().detection;
        let refusal = Machine::from_memory_size(Some("10240")).check_memory(&header, &detection);
        assert_eq!(refusal.unwrap_err().name(), "NotEnoughMemory");
    }
}
