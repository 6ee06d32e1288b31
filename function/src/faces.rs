//! Faces and their eyes: the values, how findings of several cascades become one, and the
//! detector, which alone needs OpenCV.

pub mod cascade;
#[cfg(feature = "opencv")]
mod classifiers;
#[cfg(feature = "opencv")]
pub mod detector;
#[cfg(feature = "opencv")]
mod packed;
#[cfg(feature = "opencv")]
mod sdk;
#[cfg(feature = "opencv")]
mod stop;
pub mod vote;
pub(crate) mod work;

use serde::Serialize;

/// A rectangle in pixels of the upright photo: left, top, width, height.
pub type Area = [i32; 4];

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Face {
    #[serde(rename = "box")]
    pub rectangle: Area,
    pub eyes: Vec<Area>,
}
