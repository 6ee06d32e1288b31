//! The photos of an event in a response, each with its result.

use serde::Serialize;

use super::outcome::{ObjectResult, Outcome, ProcessedPhoto, SkipReason};
use crate::error::ErrorDetails;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Photo {
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    #[serde(flatten)]
    processed: Option<ProcessedPhoto>,
    #[serde(flatten)]
    omitted_faces: Option<OmittedFaces>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) skipped: Option<SkipReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<PhotoError>,
}

/// Replaces `ProcessedPhoto` if the response would be too large.
#[derive(Debug, Serialize)]
struct OmittedFaces {
    width: u32,
    height: u32,
    omitted: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotated: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sidecar: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct PhotoError {
    #[serde(flatten)]
    details: ErrorDetails,
    /// Whether another attempt may succeed.
    temporary: bool,
}

impl From<ObjectResult> for Photo {
    fn from((object, result): ObjectResult) -> Self {
        let (mut processed, mut skipped, mut error) = (None, None, None);
        match result {
            Ok(Outcome::Processed(found)) => processed = Some(found),
            Ok(Outcome::Skipped(reason)) => skipped = Some(reason),
            Err(failure) => {
                error = Some(PhotoError {
                    details: ErrorDetails::from(&failure),
                    temporary: failure.is_temporary(),
                });
            }
        }
        let object = object.ok();
        let version_id = object.as_ref().and_then(|object| object.version_id.clone());
        let (bucket, key) = object.map(|object| (object.bucket, object.key)).unzip();
        Self {
            bucket,
            key,
            version_id,
            processed,
            omitted_faces: None,
            skipped,
            error,
        }
    }
}

/// Omits the faces of photos with more than `max_faces`, which is better than to fail: the sender would send all photos
/// again.
pub(super) fn omit_faces(photos: &mut [Photo], max_faces: usize) {
    for photo in photos {
        if photo
            .processed
            .as_ref()
            .is_some_and(|processed| processed.faces.len() > max_faces)
        {
            photo.omitted_faces = photo.processed.take().map(|processed| OmittedFaces {
                width: processed.width,
                height: processed.height,
                omitted: format!(
                    "{} faces: the response would exceed the size limit",
                    processed.faces.len()
                ),
                annotated: processed.annotated,
                sidecar: processed.sidecar,
            });
        }
    }
}
