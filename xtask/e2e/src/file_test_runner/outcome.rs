//! What a response says about a file, and whether it is what a test expects.

use std::ops::RangeInclusive;

use anyhow::{Context, Result};
use serde_json::Value;

use super::transport::Transport;
use bench::eval::score::{Rectangle, intersection_over_union};

/// The minimum intersection over union for two boxes to be the same face.
const IOU_THRESHOLD: f64 = 0.8;

/// Errors that are not about the photo itself.
const NON_PHOTO_ERRORS: [&str; 11] = [
    "",
    "AccessDenied",
    "BucketNotFound",
    "InvalidOption",
    "InvalidRequest",
    "NotTried",
    "ObjectNotFound",
    "OpenCvFailed",
    "OutOfTime",
    "StorageFailed",
    "UnknownEvent",
];

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The boxes of the faces, and the photo's size if it is in the response.
    Faces(Vec<Rectangle>, Option<(u64, u64)>),
    /// The number of faces, and the type of the error for the missing annotated photo.
    FacesOnly(usize, String),
    /// An annotated photo.
    Photo,
    /// The type of an error, and the whole response.
    Error(String, String),
}

#[derive(Clone, Debug)]
pub enum ExpectedOutcome {
    /// Exactly the face of the valid photo, upright.
    ControlFace,
    /// A number of faces in this range.
    Faces(RangeInclusive<usize>),
    /// One of these errors, or any error about the photo if the list is empty.
    Rejected(&'static [&'static str]),
    /// A number of faces in this range, or any error about the photo.
    FacesOrRejected(RangeInclusive<usize>),
    /// A number of faces in this range and an error for the missing annotated photo; only that error if just the
    /// annotated photo was requested.
    FacesWithoutPhoto(RangeInclusive<usize>),
}

impl Outcome {
    pub fn parse(response: &Value) -> Result<Self> {
        if let Some(name) = response["errorType"].as_str() {
            return Ok(Self::Error(name.to_owned(), response.to_string()));
        }
        let inner: Value;
        let body = match &response["body"] {
            Value::String(_) if response["isBase64Encoded"] == true => return Ok(Self::Photo),
            Value::String(text) => {
                inner = serde_json::from_str(text).context("a response's body is not JSON")?;
                &inner
            }
            other => other,
        };
        if let Some(name) = body.pointer("/error/type").and_then(Value::as_str) {
            return Ok(Self::Error(name.to_owned(), response.to_string()));
        }
        let faces = body["faces"].as_array();
        let faces = faces.with_context(|| format!("a response has no faces: {response}"))?;
        let boxes = faces.iter().map(|face| serde_json::from_value(face["box"].clone()));
        if let Some(name) = body.pointer("/annotated_error/type") {
            let name = name.as_str().unwrap_or_default();
            return Ok(Self::FacesOnly(faces.len(), name.to_owned()));
        }
        let size = body["width"].as_u64().zip(body["height"].as_u64());
        Ok(Self::Faces(boxes.collect::<Result<_, _>>()?, size))
    }
}

impl ExpectedOutcome {
    /// `control` is the outcome of the valid photo.
    pub fn matches(&self, found: &Outcome, transport: Transport, control: &Outcome) -> bool {
        match (self, found) {
            (Self::ControlFace, Outcome::Faces(faces, size)) => {
                matches!((control, faces.as_slice()), (Outcome::Faces(known, expected), [face])
                    if intersection_over_union(*face, known[0]) >= IOU_THRESHOLD && size == expected)
            }
            (Self::Faces(range) | Self::FacesOrRejected(range), Outcome::Faces(faces, _)) => {
                range.contains(&faces.len())
            }
            (Self::FacesWithoutPhoto(range), Outcome::FacesOnly(faces, name)) => {
                transport == Transport::Annotated && range.contains(faces) && is_photo_error(name)
            }
            (Self::FacesWithoutPhoto(_), Outcome::Error(name, _)) => {
                transport == Transport::Jpeg && is_photo_error(name)
            }
            (Self::Rejected(names), Outcome::Error(name, _)) if !names.is_empty() => names.contains(&name.as_str()),
            (Self::Rejected(_) | Self::FacesOrRejected(_), Outcome::Error(name, _)) => is_photo_error(name),
            _ => false,
        }
    }
}

/// Whether an error is about the photo; names with a dot are those of Lambda, for a function that failed.
pub fn is_photo_error(name: &str) -> bool {
    !NON_PHOTO_ERRORS.contains(&name) && !name.contains('.')
}
