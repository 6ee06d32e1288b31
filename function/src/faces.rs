//! Faces: their type, what the network predicts about one, the cost of detection, and the detectors, which need OpenCV.

#[cfg(feature = "opencv")]
mod cancellation;
#[cfg(feature = "opencv")]
mod cascade_detector;
pub(crate) mod cost;
#[cfg(feature = "opencv")]
pub mod detector;
pub mod merge;
#[cfg(feature = "opencv")]
mod packed;
pub mod prediction;
pub mod pyramid;
#[cfg(feature = "opencv")]
mod sdk;
pub mod tiles;
#[cfg(feature = "opencv")]
mod yunet;

pub use harness::photo::scaling::{BoundingBox, Point};
use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Face {
    #[serde(rename = "box")]
    pub rectangle: BoundingBox,
    /// What YuNet also predicts; cascades do not.
    #[serde(flatten)]
    pub prediction: Option<Prediction>,
    pub eyes: Vec<BoundingBox>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// From 0 to 1, rounded to three decimals.
    pub score: f64,
    pub landmarks: Landmarks,
}

/// Rounded to one decimal. They may be outside the photo. Right and left are the person's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Landmarks {
    pub right_eye: Point,
    pub left_eye: Point,
    pub nose: Point,
    pub right_mouth_corner: Point,
    pub left_mouth_corner: Point,
}

impl Landmarks {
    pub fn points(&self) -> [Point; 5] {
        [
            self.right_eye,
            self.left_eye,
            self.nose,
            self.right_mouth_corner,
            self.left_mouth_corner,
        ]
    }
}
