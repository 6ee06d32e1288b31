//! Faces and their eyes: the types, the merge of several cascades' detections, and the detector, the only part that
//! needs OpenCV.

#[cfg(feature = "opencv")]
mod cancellation;
pub mod cascade;
#[cfg(feature = "opencv")]
pub mod cascade_detector;
#[cfg(feature = "opencv")]
mod classifiers;
pub(crate) mod cost;
#[cfg(feature = "opencv")]
mod packed;
#[cfg(feature = "opencv")]
mod sdk;
pub mod vote;

use serde::Serialize;

/// A rectangle in pixels of the upright photo: left, top, width, height.
pub type BoundingBox = [i32; 4];

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Face {
    #[serde(rename = "box")]
    pub rectangle: BoundingBox,
    pub eyes: Vec<BoundingBox>,
}
