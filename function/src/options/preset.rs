//! The default options of each preset.

use super::key_pattern::KeyPattern;
use super::storage::StorageConfig;
use super::values::{
    CascadeOptions, DetectionOptions, DetectorOptions, EyeCascade, Limits, Options, OutputFiles, OutputOptions,
    OversizedJpeg, Preset, YuNetOptions,
};

impl Preset {
    pub(super) const ALLOWED: &'static str = "`original`, `fast`, `balanced` or `accurate`";

    pub fn options(self) -> Options {
        Options {
            detection: self.detection(),
            output: OutputOptions {
                files: OutputFiles::Annotated,
                key_pattern: KeyPattern::parse("{key}_rs.jpg").expect("the pattern is valid"),
                bucket: None,
                // OpenCV's default.
                jpeg_quality: 95,
                oversized_jpeg: OversizedJpeg::Refuse,
                loop_guard: true,
            },
            limits: Limits {
                max_bytes: 64 << 20,
                max_pixels: 100_000_000,
                work_bounded: false,
            },
            storage: StorageConfig::default(),
            stream_responses: false,
            cors_origins: None,
            metrics_namespace: None,
        }
    }

    /// How many times as large as the photo the finest level of YuNet's image pyramid is, at most.
    pub(crate) fn enlargement(self) -> u32 {
        match self {
            Self::Original | Self::Fast | Self::Balanced => 1,
            Self::Accurate => 2,
        }
    }

    fn detection(self) -> DetectionOptions {
        let (detector, longest_side) = match self {
            Self::Original => (cascades(), 0),
            Self::Fast => (yunet(), 320),
            Self::Balanced => (yunet(), 1000),
            Self::Accurate => (yunet(), 0),
        };
        DetectionOptions {
            preset: self,
            detector,
            min_face: 0,
            max_face: 0,
            longest_side,
        }
    }
}

/// The parameters of the Python original.
fn cascades() -> DetectorOptions {
    DetectorOptions::Cascades(CascadeOptions {
        scale_factor: 1.1,
        face_neighbours: 4,
        eye_cascade: EyeCascade::Eye,
        eye_neighbours: 3,
    })
}

fn yunet() -> DetectorOptions {
    DetectorOptions::YuNet(YuNetOptions { score: 0.8 })
}
