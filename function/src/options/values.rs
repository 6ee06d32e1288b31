//! What options are: how photos are looked at, and what is written and refused.

use serde::Serialize;
use strum::{Display, EnumString};

use super::key_pattern::KeyPattern;
use super::storage::StorageConfig;
use crate::error::{Error, Result};

/// All options, each with a value that is possible.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub detection: DetectionOptions,
    pub output: OutputOptions,
    pub limits: Limits,
    pub storage: StorageConfig,
    /// CloudWatch's name space of the metrics; none are written without.
    pub metrics_namespace: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DetectionOptions {
    /// Where these values come from, but for those that were set one by one.
    pub preset: Preset,
    /// The cascades for faces from the front. One alone gives its own rectangles; several, or one
    /// with side faces, vote.
    pub face_cascades: Vec<FaceCascade>,
    pub eye_cascade: EyeCascade,
    pub side_faces: bool,
    /// How much smaller each picture of the pyramid is than the one before.
    pub scale_factor: f64,
    pub contrast: Contrast,
    /// How many windows must agree on a face, those of all cascades together.
    pub face_neighbours: i32,
    pub eye_neighbours: i32,
    /// The smallest face, in pixels of the photo; 0 for the cascade's own size.
    pub min_face: u32,
    /// The largest face, in pixels of the photo; 0 for any.
    pub max_face: u32,
    /// The longest side, in pixels, of the picture that is looked at; 0 for the photo as it is.
    pub longest_side: u32,
}

#[derive(Clone, Copy, Debug, Display, EnumString, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FaceCascade {
    FrontalfaceDefault,
    FrontalfaceAlt2,
}

/// What is done to the picture before cascades look at detection.
#[derive(Clone, Copy, Debug, Display, EnumString, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Contrast {
    Plain,
    /// All grey levels become equally common.
    Equalized,
    /// The same for each part of the picture by itself, within a limit.
    Adaptive,
    /// Cascades look at the equalized picture and at the adaptive one.
    Both,
}

#[derive(Clone, Copy, Debug, Display, EnumString, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EyeCascade {
    Eye,
    EyeTreeEyeglasses,
    None,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OutputOptions {
    pub files: OutputFiles,
    pub key_pattern: KeyPattern,
    /// The photo's own without.
    pub bucket: Option<String>,
    /// 1 to 100.
    pub jpeg_quality: i32,
    /// Whether photos that this function wrote are left alone.
    pub loop_guard: bool,
}

#[derive(Clone, Copy, Debug, Display, EnumString, PartialEq, Eq)]
#[strum(serialize_all = "snake_case")]
pub enum OutputFiles {
    /// The photo with rectangles.
    Annotated,
    /// The boxes as JSON.
    Sidecar,
    Both,
}

impl OutputFiles {
    pub fn includes_annotated(self) -> bool {
        self != Self::Sidecar
    }

    pub fn includes_sidecar(self) -> bool {
        self != Self::Annotated
    }
}

/// What is refused before it is decoded, or bounded.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    pub max_bytes: u64,
    pub max_pixels: u64,
    /// Whether looking may be only so much work, for which a larger picture is scaled down.
    pub work_bounded: bool,
}

impl Options {
    /// Refuses values with which anyone who reaches the function's URL could have it work for minutes
    /// and answer with every window that there is.
    pub(super) fn validate_for_anyone(&self) -> Result<()> {
        let detection = &self.detection;
        if detection.scale_factor < 1.05
            || detection.face_neighbours < 1
            || detection.eye_neighbours < 1
        {
            let reason = "over HTTP `scale_factor` is at least 1.05, and `face_neighbours` and \
                          `eye_neighbours` are at least 1";
            return Err(Error::InvalidOption(reason.to_owned()));
        }
        Ok(())
    }

    /// Refuses values that are possible only without one another.
    pub(super) fn validate(&self) -> Result<()> {
        let (min_face, max_face) = (self.detection.min_face, self.detection.max_face);
        let (output, pattern) = (&self.output, &self.output.key_pattern);
        let reason = if max_face != 0 && max_face < min_face {
            format!("`max_face` is {max_face}, which is less than `min_face`, {min_face}")
        } else if output.bucket.is_none() && output.loop_guard && pattern.only_adds_extension() {
            format!(
                "`output_key` is `{pattern}`, and every photo with such a name would pass for one that this \
                 function wrote; add more than an extension, or set `output_bucket`"
            )
        } else if output.bucket.is_none() && pattern.is_identity() {
            "`output_key` is `{key}`, so the photo would be overwritten; add to it, or set \
             `output_bucket`"
                .to_owned()
        } else {
            return Ok(());
        };
        Err(Error::InvalidOption(reason))
    }
}

/// A set of defaults. `cargo xtask eval` measures them.
#[derive(Clone, Copy, Debug, Display, EnumString, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Preset {
    /// What the Python original did: the frontal cascade, and the same rectangles.
    Original,
    /// Side faces as well, and fewer false alarms.
    Balanced,
    /// The most faces, at several times the work.
    Accurate,
}
