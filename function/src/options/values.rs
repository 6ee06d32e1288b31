//! Validated options: how faces are detected, which files are written, and the limits of photos.

use serde::Serialize;
use strum::{Display, EnumIter, EnumString};

use super::key_pattern::KeyPattern;
use super::storage::StorageConfig;
use crate::error::{Error, Result};

/// Validated options.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub detection: DetectionOptions,
    pub output: OutputOptions,
    pub limits: Limits,
    pub storage: StorageConfig,
    /// Whether function URLs and APIs of API Gateway stream responses.
    pub stream_responses: bool,
    /// The origins whose pages may use the function, or `*`; `None` for its own page only.
    pub cors_origins: Option<Vec<String>>,
    /// The CloudWatch namespace; `None` disables metrics.
    pub metrics_namespace: Option<String>,
}

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

#[derive(Clone, Debug, PartialEq)]
pub struct OutputOptions {
    pub files: OutputFiles,
    pub key_pattern: KeyPattern,
    /// `None` for the photo's bucket.
    pub bucket: Option<String>,
    /// 1 to 100.
    pub jpeg_quality: i32,
    pub oversized_jpeg: OversizedJpeg,
    /// Whether objects that this function wrote are skipped.
    pub loop_guard: bool,
}

#[derive(Clone, Copy, Debug, Display, EnumString, PartialEq, Eq)]
#[strum(serialize_all = "snake_case")]
pub enum OutputFiles {
    Annotated,
    /// The boxes as JSON.
    Sidecar,
    Both,
}

/// What happens if the annotated photo is too large for an HTTP response.
#[derive(Clone, Copy, Debug, Display, EnumString, PartialEq, Eq)]
#[strum(serialize_all = "snake_case")]
pub enum OversizedJpeg {
    /// The response is an error.
    Refuse,
    LowerQuality,
}

impl OutputOptions {
    /// Those of the files that are written for the photo with the key `key`.
    pub fn keys(&self, key: &str) -> impl Iterator<Item = String> {
        let annotated = self
            .files
            .includes_annotated()
            .then(|| self.key_pattern.annotated_key(key));
        let sidecar = self.files.includes_sidecar().then(|| self.key_pattern.sidecar_key(key));
        annotated.into_iter().chain(sidecar)
    }
}

impl OutputFiles {
    pub fn includes_annotated(self) -> bool {
        self != Self::Sidecar
    }

    pub fn includes_sidecar(self) -> bool {
        self != Self::Annotated
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    pub max_bytes: u64,
    pub max_pixels: u64,
    /// Whether the work of detection is limited; larger photos are scaled down.
    pub work_bounded: bool,
}

impl Options {
    /// Refuses values with which anyone who can reach the function URL could make detection run for minutes and
    /// return every window.
    pub(super) fn validate_for_anyone(&self) -> Result<()> {
        if let DetectorOptions::Cascades(cascades) = &self.detection.detector
            && (cascades.scale_factor < 1.05 || cascades.face_neighbours < 1 || cascades.eye_neighbours < 1)
        {
            let reason = "over HTTP, `scale_factor` must be at least 1.05, and `face_neighbours` and \
                          `eye_neighbours` at least 1";
            return Err(Error::InvalidOption(reason.to_owned()));
        }
        Ok(())
    }

    /// Refuses combinations of values that are valid only individually.
    pub(super) fn validate(&self) -> Result<()> {
        let (min_face, max_face) = (self.detection.min_face, self.detection.max_face);
        let (output, pattern) = (&self.output, &self.output.key_pattern);
        let reason = if max_face != 0 && max_face < min_face {
            format!("`max_face` is {max_face}, less than `min_face`, which is {min_face}")
        } else if output.bucket.is_none() && output.loop_guard && pattern.only_adds_extension() {
            format!(
                "`output_key` is `{pattern}`, so every photo with this extension would be skipped as this \
                 function's own output; add more than an extension, or set `output_bucket`"
            )
        } else if output.bucket.is_none() && pattern.is_identity() {
            "`output_key` is `{key}`, so the photo would be overwritten; add a prefix or suffix, or set \
             `output_bucket`"
                .to_owned()
        } else {
            return Ok(());
        };
        Err(Error::InvalidOption(reason))
    }
}

/// A set of defaults. `cargo xtask eval` measures them.
#[derive(Clone, Copy, Debug, Display, EnumIter, EnumString, PartialEq, Eq, Serialize)]
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
