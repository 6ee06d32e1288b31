//! What options are: how photos are looked at, and what is written and refused.

use serde::Serialize;

use super::key::KeyPattern;
use super::place::Place;
use crate::error::{Error, Result};

/// All options, each with a value that is possible.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How faces and eyes are found.
    pub detection: Detection,
    /// What is written.
    pub output: Output,
    /// What is refused.
    pub limits: Limits,
    /// Where objects are, and which of them may be used.
    pub storage: Place,
    /// CloudWatch's name space of the metrics; none are written without.
    pub metrics_namespace: Option<String>,
}

/// How faces and eyes are found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detection {
    /// Where these values come from, but for those that were set one by one.
    pub preset: Preset,
    /// The cascades for faces from the front. One alone gives its own rectangles; several, or one
    /// with side faces, vote.
    pub face_cascades: Vec<FaceCascade>,
    /// The cascade for eyes.
    pub eye_cascade: EyeCascade,
    /// Whether to look for faces from the side as well.
    pub side_faces: bool,
    /// How much smaller each picture of the pyramid is than the one before.
    pub scale_factor: f64,
    /// The picture that cascades look at.
    pub contrast: Contrast,
    /// How many windows must agree on a face, those of all cascades together.
    pub face_neighbours: i32,
    /// The same for an eye.
    pub eye_neighbours: i32,
    /// The smallest face, in pixels of the photo; 0 for the cascade's own size.
    pub min_face: u32,
    /// The largest face, in pixels of the photo; 0 for any.
    pub max_face: u32,
    /// The longest side, in pixels, of the picture that is looked at; 0 for the photo as it is.
    pub longest_side: u32,
}

/// A cascade for faces that is part of the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaceCascade {
    /// `haarcascade_frontalface_default`.
    FrontalfaceDefault,
    /// `haarcascade_frontalface_alt2`.
    FrontalfaceAlt2,
}

/// What is done to the picture before cascades look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Contrast {
    /// Nothing.
    Plain,
    /// All grey levels become equally common.
    Equalized,
    /// The same for each part of the picture by itself, within a limit.
    Adaptive,
    /// Cascades look at the equalized picture and at the adaptive one.
    Both,
}

/// A cascade for eyes that is part of the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EyeCascade {
    /// `haarcascade_eye`.
    Eye,
    /// `haarcascade_eye_tree_eyeglasses`.
    EyeTreeEyeglasses,
    /// No eyes are looked for.
    None,
}

/// What is written, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Which files.
    pub files: Files,
    /// The key of the annotated photo.
    pub key: KeyPattern,
    /// The bucket; the photo's own without.
    pub bucket: Option<String>,
    /// 1 to 100.
    pub jpeg_quality: i32,
    /// Whether photos that this function wrote are left alone.
    pub loop_guard: bool,
}

/// Which files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// The photo with rectangles.
    Annotated,
    /// The boxes as JSON.
    Sidecar,
    /// Both.
    Both,
}

impl Files {
    /// Whether the photo with rectangles is among them.
    pub fn annotated(self) -> bool {
        self != Self::Sidecar
    }

    /// Whether the JSON is among them.
    pub fn sidecar(self) -> bool {
        self != Self::Annotated
    }
}

/// What is refused before it is decoded, or bounded.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// The largest file, in bytes.
    pub bytes: u64,
    /// The largest picture, in pixels.
    pub pixels: u64,
    /// Whether looking may be only so much work, for which a larger picture is scaled down.
    pub bounded: bool,
}

impl Options {
    /// Refuses values with which anyone who reaches the function's URL could have it work for minutes
    /// and answer with every window that there is.
    pub(super) fn check_strangers(&self) -> Result<()> {
        let Detection {
            scale_factor,
            face_neighbours,
            eye_neighbours,
            ..
        } = self.detection;
        if scale_factor < 1.05 || face_neighbours < 1 || eye_neighbours < 1 {
            return Err(Error::InvalidOption(
                "over HTTP `scale_factor` is at least 1.05, and `face_neighbours` and \
                 `eye_neighbours` are at least 1"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Refuses values that are possible only without one another.
    pub(super) fn check(&self) -> Result<()> {
        let Detection {
            min_face, max_face, ..
        } = self.detection;
        if max_face != 0 && max_face < min_face {
            return Err(Error::InvalidOption(format!(
                "`max_face` is {max_face}, which is less than `min_face`, {min_face}"
            )));
        }
        if self.output.bucket.is_none() && self.output.loop_guard && self.output.key.is_extension()
        {
            return Err(Error::InvalidOption(format!(
                "`output_key` is `{}`, and every photo with such a name would pass for one that this \
                 function wrote; add more than an extension, or set `output_bucket`",
                self.output.key
            )));
        }
        if self.output.bucket.is_none() && self.output.key.is_identity() {
            return Err(Error::InvalidOption(
                "`output_key` is `{key}`, so the photo would be overwritten; add to it, or set \
                 `output_bucket`"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

/// A set of defaults. `cargo xtask eval` measures them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// What the Python original did: the frontal cascade, and the same rectangles.
    Original,
    /// Side faces as well, and fewer false alarms.
    Balanced,
    /// The most faces, at several times the work.
    Accurate,
}
