//! Options of detection. `table` has the name, valid values and setter of each, `preset` the defaults.

mod preset;
mod table;

use harness::options::{FunctionOptions, OptionSpec};
use harness::photo::{Channels, Decoding};
use serde::Serialize;
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use crate::faces::cost;

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

impl Default for DetectionOptions {
    fn default() -> Self {
        Preset::Balanced.options()
    }
}

impl FunctionOptions for DetectionOptions {
    const ENVIRONMENT_PREFIX: &'static str = "FACE_DETECT_";
    const SPECS: &'static [OptionSpec<Self>] = table::OPTION_SPECS;
    const PRESETS: &'static [harness::options::Preset<Self>] = preset::PRESETS;
    const OUTPUT_KEY: &'static str = "{key}_rs.jpg";
    const WORK_OPTION: Option<&'static str> = Some("longest_side");

    /// Those of the Python original, which had only such events.
    fn for_direct_events() -> Self {
        Preset::Original.options()
    }

    fn preset_name(&self) -> &'static str {
        self.preset.into()
    }

    fn decoding(&self) -> Decoding {
        let channels = match &self.detector {
            DetectorOptions::Cascades(_) => Channels::Grey,
            DetectorOptions::YuNet(_) => Channels::Bgr,
        };
        Decoding {
            longest_side: self.longest_side,
            channels,
        }
    }

    fn working_bytes(&self, image: (u32, u32)) -> u64 {
        cost::working_bytes(self, image)
    }

    fn with_bounded_work(self, width: u32, height: u32) -> Self {
        self.with_bounded_cost(width, height)
    }

    fn validate(&self) -> Result<(), String> {
        let (min_face, max_face) = (self.min_face, self.max_face);
        if max_face != 0 && max_face < min_face {
            return Err(format!(
                "`max_face` is {max_face}, less than `min_face`, which is {min_face}"
            ));
        }
        Ok(())
    }

    /// Refuses values with which anyone who can reach the function URL could make detection run for minutes and
    /// return every window.
    fn validate_for_anyone(&self) -> Result<(), String> {
        if let DetectorOptions::Cascades(cascades) = &self.detector
            && (cascades.scale_factor < 1.05 || cascades.face_neighbours < 1 || cascades.eye_neighbours < 1)
        {
            let reason = "over HTTP, `scale_factor` must be at least 1.05, and `face_neighbours` and \
                          `eye_neighbours` at least 1";
            return Err(reason.to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
