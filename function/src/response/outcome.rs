//! What became of a photo, whatever form the answer has.

use serde::Serialize;

use crate::error::{Error, ErrorDetails};
use crate::faces::Face;
use crate::request::Object;
use crate::vision::Detections;

#[derive(Clone, Debug)]
pub enum Outcome {
    Processed(ProcessedPhoto),
    /// It was written by this function, so it is left alone.
    OwnOutput,
}

#[derive(Clone, Debug, Serialize)]
pub struct ProcessedPhoto {
    /// The upright photo's sides, in pixels.
    pub width: u32,
    pub height: u32,
    /// Boxes in pixels of the upright photo, from left to right.
    pub faces: Vec<Face>,
    /// The address of the photo with rectangles, if it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotated: Option<String>,
    /// Why there is no photo with rectangles although it was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotated_error: Option<ErrorDetails>,
    /// The address of the JSON, if it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sidecar: Option<String>,
}

impl From<Detections> for ProcessedPhoto {
    /// What was seen, of which nothing is written yet.
    fn from(detections: Detections) -> Self {
        Self {
            annotated_error: detections.annotated_error(),
            width: detections.width,
            height: detections.height,
            faces: detections.faces,
            annotated: None,
            sidecar: None,
        }
    }
}

pub type PhotoResult = std::result::Result<Outcome, Error>;

/// A photo by its name, with what became of it.
pub type ObjectResult = (Object, PhotoResult);
