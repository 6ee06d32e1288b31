//! Options of detection. `table` has the name, valid values and setter of each, `preset` the defaults, and
//! `function_options` what the harness does with them.

pub(crate) mod preset;
pub(crate) mod table;

use serde::Serialize;
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DetectionOptions {
    /// The source of all values that are not set individually.
    pub preset: Preset,
    #[serde(flatten)]
    pub detector: DetectorOptions,
    /// The minimum longest side of a face's box, in pixels of the photo; 0 for the smallest that the detector finds.
    pub min_face: u32,
    /// The maximum longest side of a face's box, in pixels of the photo; 0 for no limit.
    pub max_face: u32,
    /// Larger photos are scaled down to this longest side, in pixels, for detection, and `Accurate` enlarges photos
    /// only if they stay within it; 0 for no limit.
    pub longest_side: u32,
}

/// The options of the preset's detector; those of the other do not apply.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum DetectorOptions {
    Cascades(CascadeOptions),
    YuNet(YuNetOptions),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CascadeOptions {
    /// The scale between two levels of the image pyramid.
    pub scale_factor: f64,
    /// The number of windows that must agree on a face.
    pub face_neighbours: i32,
    pub eye_cascade: EyeCascade,
    /// The number of windows that must agree on an eye.
    pub eye_neighbours: i32,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct YuNetOptions {
    /// The minimum score of a face, from 0 to 1.
    pub score: f64,
}

#[derive(Clone, Copy, Debug, Display, EnumString, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EyeCascade {
    Eye,
    EyeTreeEyeglasses,
    None,
}

/// A set of defaults. `cargo xtask eval` measures them.
#[derive(Clone, Copy, Debug, Display, EnumIter, IntoStaticStr, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Preset {
    /// Exactly the rectangles of the Python original, by its cascades.
    Original,
    /// YuNet in a small image: the least work.
    Fast,
    /// YuNet in a medium image and half of it.
    Balanced,
    /// YuNet in the enlarged photo and all smaller levels of the image pyramid, for faces from 10 pixels.
    Accurate,
}

#[cfg(test)]
mod tests;
