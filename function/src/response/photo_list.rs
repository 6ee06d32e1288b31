//! The photos of an event in a response, each with its result.

use serde::Serialize;

use super::outcome::{ObjectResult, Outcome, ProcessedPhoto, SkipReason};
use super::serialized_size::json_size;
use crate::error::ErrorDetails;
use crate::truncate::truncate;

/// More than a response has besides the photos.
const MAX_OTHER_BYTES: usize = 256;
/// The maximum length of an error's message in characters, if the response would be too large otherwise.
const SHORTENED_MESSAGE_CHARS: usize = 40;

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

/// Shortens the list until a response with it has at most `max_bytes`, which is better than to fail: the sender would
/// send all photos again. Entries that do not fit are left out, those of failed photos last.
pub(super) fn shorten(photos: &mut Vec<Photo>, max_bytes: usize) {
    shorten_each(photos, max_bytes);
    let mut bytes_left = max_bytes.saturating_sub(MAX_OTHER_BYTES);
    let mut fits = vec![false; photos.len()];
    for failed in [true, false] {
        for (photo, fits) in photos.iter().zip(&mut fits) {
            let bytes = json_size(photo) + ",".len();
            if photo.error.is_some() == failed && bytes <= bytes_left {
                bytes_left -= bytes;
                *fits = true;
            }
        }
    }
    let mut fits = fits.into_iter();
    photos.retain(|_| fits.next().unwrap_or_default());
}

/// Leaves out what matters least, until the photos are small enough or only the essential is left.
pub(super) fn shorten_each(photos: &mut [Photo], max_bytes: usize) {
    const STEPS: [fn(&mut Photo); 7] = [
        |photo| photo.omit_faces(1000),
        |photo| photo.omit_faces(100),
        |photo| photo.omit_faces(10),
        |photo| photo.omit_faces(1),
        |photo| photo.omit_faces(0),
        Photo::omit_urls,
        Photo::shorten_message,
    ];
    for step in STEPS {
        photos.iter_mut().for_each(step);
        if json_size(&photos) + MAX_OTHER_BYTES <= max_bytes {
            return;
        }
    }
}

impl Photo {
    /// If it has more than `max_faces`.
    fn omit_faces(&mut self, max_faces: usize) {
        let has_more = |processed: &mut ProcessedPhoto| processed.faces.len() > max_faces;
        self.omitted_faces = match self.processed.take_if(has_more) {
            Some(processed) => Some(OmittedFaces {
                width: processed.width,
                height: processed.height,
                omitted: format!(
                    "{} faces: the response would exceed the size limit",
                    processed.faces.len()
                ),
                annotated: processed.annotated,
                sidecar: processed.sidecar,
            }),
            None => self.omitted_faces.take(),
        };
    }

    /// They follow from the key and the options.
    fn omit_urls(&mut self) {
        if let Some(processed) = &mut self.processed {
            (processed.annotated, processed.sidecar) = (None, None);
        }
        if let Some(omitted) = &mut self.omitted_faces {
            (omitted.annotated, omitted.sidecar) = (None, None);
        }
    }

    fn shorten_message(&mut self) {
        if let Some(error) = &mut self.error {
            let message = &mut error.details.message;
            *message = truncate(message, SHORTENED_MESSAGE_CHARS).into_owned();
        }
    }
}
