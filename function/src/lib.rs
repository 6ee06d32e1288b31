//! Finds faces and eyes in photos, as an AWS Lambda function: what [`harness`] does not do itself. Only the detectors,
//! drawing, and [`FaceFunction`] need OpenCV (feature `opencv`).
//!
#![doc = include_str!("../README.md")]

mod answer;
#[cfg(feature = "opencv")]
mod drawing;
#[cfg(feature = "opencv")]
mod face_function;
pub mod faces;
mod function_options;
pub mod options;
mod texts;

pub use answer::Faces;
#[cfg(feature = "opencv")]
pub use face_function::FaceFunction;
pub use texts::{PAGE, TEXTS};

#[cfg(test)]
mod tests;
