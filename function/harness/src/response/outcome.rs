//! The outcome for a photo, independent of the form of the response.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use strum::Display;

use crate::error::{ErrorDetails, Result};
use crate::processor::Processed;
use crate::request::Object;

#[derive(Clone, Debug)]
pub enum Outcome<A> {
    Processed(ProcessedPhoto<A>),
    Skipped(SkipReason),
}

/// Why an object is not processed.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
pub enum SkipReason {
    #[strum(serialize = "it was written by this function")]
    OwnOutput,
    #[strum(serialize = "it was moved by this function")]
    Moved,
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
pub struct ProcessedPhoto<A> {
    /// The upright photo's width in pixels.
    pub width: u32,
    pub height: u32,
    #[serde(flatten)]
    pub answer: A,
    #[serde(flatten)]
    pub pictures: Pictures,
    /// The URL of the JSON file, if it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sidecar: Option<String>,
    /// The URL to which the photo was moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<String>,
}

/// The pictures of a photo, by name: the URL of each that was written, or why a requested one is missing. They serialize
/// as the fields `NAME` and `NAME_error`.
#[derive(Clone, Debug, Default)]
pub struct Pictures(pub Vec<(Cow<'static, str>, Result<String, ErrorDetails>)>);

impl Pictures {
    pub fn errors(&self) -> impl Iterator<Item = (&str, &ErrorDetails)> {
        let pictures = self.0.iter();
        pictures.filter_map(|(name, result)| Some((name.as_ref(), result.as_ref().err()?)))
    }

    /// Leaves out the pictures that were written.
    pub fn omit_urls(&mut self) {
        self.0.retain(|(_, result)| result.is_err());
    }

    /// Leaves out the errors.
    pub fn omit_errors(&mut self) {
        self.0.retain(|(_, result)| result.is_ok());
    }
}

impl Serialize for Pictures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, result) in &self.0 {
            match result {
                Ok(url) => map.serialize_entry(name, url)?,
                Err(error) => map.serialize_entry(&format!("{name}_error"), error)?,
            }
        }
        map.end()
    }
}

impl<A> From<Processed<A>> for ProcessedPhoto<A> {
    /// The URLs are missing, because nothing is written yet.
    fn from(processed: Processed<A>) -> Self {
        let pictures = processed.pictures.into_iter();
        let errors = pictures.filter_map(|picture| Some((picture.name.clone(), Err(picture.error()?))));
        Self {
            width: processed.width,
            height: processed.height,
            answer: processed.answer,
            pictures: Pictures(errors.collect()),
            sidecar: None,
            moved: None,
        }
    }
}

pub type PhotoResult<A> = Result<Outcome<A>>;

/// An object, or why an event does not name one, and the result, which is the same error then.
pub type ObjectResult<A> = (Result<Object>, PhotoResult<A>);
