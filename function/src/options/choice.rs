//! Values out of a few, each with a name.

use super::values::{Contrast, EyeCascade, FaceCascade, Files, Preset};

/// A value out of a few.
pub trait Choice: Copy + PartialEq + 'static {
    /// Each value with its name.
    const NAMES: &'static [(Self, &'static str)];

    /// Its name.
    fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(value, _)| *value == self);
        found.map_or("", |(_, name)| name)
    }

    /// The value of that name.
    fn parse(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(value, _)| *value)
    }
}

impl Choice for Preset {
    const NAMES: &'static [(Self, &'static str)] = &[
        (Self::Original, "original"),
        (Self::Balanced, "balanced"),
        (Self::Accurate, "accurate"),
    ];
}

impl Choice for FaceCascade {
    const NAMES: &'static [(Self, &'static str)] = &[
        (Self::FrontalfaceDefault, "frontalface_default"),
        (Self::FrontalfaceAlt2, "frontalface_alt2"),
    ];
}

impl Choice for Contrast {
    const NAMES: &'static [(Self, &'static str)] = &[
        (Self::Plain, "plain"),
        (Self::Equalized, "equalized"),
        (Self::Adaptive, "adaptive"),
        (Self::Both, "both"),
    ];
}

impl Choice for EyeCascade {
    const NAMES: &'static [(Self, &'static str)] = &[
        (Self::Eye, "eye"),
        (Self::EyeTreeEyeglasses, "eye_tree_eyeglasses"),
        (Self::None, "none"),
    ];
}

impl Choice for Files {
    const NAMES: &'static [(Self, &'static str)] = &[
        (Self::Annotated, "annotated"),
        (Self::Sidecar, "sidecar"),
        (Self::Both, "both"),
    ];
}
