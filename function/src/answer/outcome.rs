//! What became of a photo, whatever form the answer has.

use serde::Serialize;

use crate::error::{Error, Problem};
use crate::faces::Face;
use crate::request::Object;
use crate::vision::Seen;

#[derive(Clone, Debug)]
pub enum Outcome {
    Found(Found),
    /// It was written by this function, so it is left alone.
    Own,
}

#[derive(Clone, Debug, Serialize)]
pub struct Found {
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
    pub annotated_error: Option<Problem>,
    /// The address of the JSON, if it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sidecar: Option<String>,
}

impl From<Seen> for Found {
    /// What was seen, of which nothing is written yet.
    fn from(seen: Seen) -> Self {
        Self {
            annotated_error: seen.annotated_error(),
            width: seen.width,
            height: seen.height,
            faces: seen.faces,
            annotated: None,
            sidecar: None,
        }
    }
}

pub type Result = std::result::Result<Outcome, Error>;

/// A photo by its name, with what became of it.
pub type Named = (Object, Result);
