//! The outcome for a photo, independent of the form of the response.

use serde::{Serialize, Serializer};
use strum::Display;

use crate::error::{ErrorDetails, Result};
use crate::faces::Face;
use crate::request::Object;
use crate::vision::Detections;

#[derive(Clone, Debug)]
pub enum Outcome {
    Processed(ProcessedPhoto),
    Skipped(SkipReason),
}

/// Why an object is not processed.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
pub enum SkipReason {
    #[strum(serialize = "it was written by this function")]
    OwnOutput,
    #[strum(serialize = "it marks a folder")]
    Folder,
    #[strum(serialize = "it is a delete marker")]
    DeleteMarker,
}

impl Serialize for SkipReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct ProcessedPhoto {
    /// The upright photo's width in pixels.
    pub width: u32,
    pub height: u32,
    /// Faces in pixels of the upright photo, sorted from left to right.
    pub faces: Vec<Face>,
    /// The URL of the annotated photo, if it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotated: Option<String>,
    /// The reason why a requested annotated photo is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotated_error: Option<ErrorDetails>,
    /// The URL of the JSON file, if it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sidecar: Option<String>,
}

impl From<Detections> for ProcessedPhoto {
    /// The URLs are `None`, because nothing is written yet.
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

pub type PhotoResult = Result<Outcome>;

/// An object, or why an event does not name one, and the result, which is the same error then.
pub type ObjectResult = (Result<Object>, PhotoResult);
