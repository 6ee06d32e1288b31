//! The default options of each preset.

use harness::options::Preset as NamedDefaults;

use super::{CascadeOptions, DetectionOptions, DetectorOptions, EyeCascade, Preset, YuNetOptions};

pub const PRESETS: &[NamedDefaults<DetectionOptions>] = &[
    NamedDefaults {
        name: "original",
        options: || Preset::Original.options(),
    },
    NamedDefaults {
        name: "fast",
        options: || Preset::Fast.options(),
    },
    NamedDefaults {
        name: "balanced",
        options: || Preset::Balanced.options(),
    },
    NamedDefaults {
        name: "accurate",
        options: || Preset::Accurate.options(),
    },
];

impl Preset {
    pub fn options(self) -> DetectionOptions {
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

    /// How many times as large as the photo the finest level of YuNet's image pyramid is, at most.
    pub(crate) fn enlargement(self) -> u32 {
        match self {
            Self::Original | Self::Fast | Self::Balanced => 1,
            Self::Accurate => 2,
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
