//! What became of a photo, whatever form the answer has.

use serde::Serialize;

use crate::error::{Error, Problem};
use crate::faces::Face;
use crate::request::Object;

/// What became of a photo in the storage.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It was looked at.
    Found(Found),
    /// It was written by this function, so it is left alone.
    Own,
}

/// What was found in a photo, and what was written.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// The upright photo's width in pixels.
    pub width: u32,
    /// Its height in pixels.
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

/// What became of one photo of several.
pub type Result = std::result::Result<Outcome, Error>;

/// A photo by its name, with what became of it.
pub type Named = (Object, Result);
