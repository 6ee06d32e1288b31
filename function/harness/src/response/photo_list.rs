//! The photos of an event in a response, each with its result.

use serde::Serialize;

use super::outcome::{ObjectResult, Outcome, Pictures, ProcessedPhoto, SkipReason};
use super::serialized_size::json_size;
use crate::answer::{Answer, plural};
use crate::error::ErrorDetails;
use crate::truncate::truncate;

/// More than a response has besides the photos.
const MAX_OTHER_BYTES: usize = 256;
/// Answers that do not count anything are left out above this size, in bytes, if the response would be too large.
const LARGE_ANSWER_BYTES: usize = 128;
/// The maximum length of an error's message in characters, if the response would be too large otherwise.
const SHORTENED_MESSAGE_CHARS: usize = 40;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Photo<A> {
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    #[serde(flatten)]
    processed: Option<ProcessedPhoto<A>>,
    #[serde(flatten)]
    omitted: Option<OmittedAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) skipped: Option<SkipReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<PhotoError>,
}

/// Replaces `ProcessedPhoto` if the response would be too large.
#[derive(Debug, Serialize)]
struct OmittedAnswer {
    width: u32,
    height: u32,
    omitted: String,
    #[serde(flatten)]
    pictures: Pictures,
    #[serde(skip_serializing_if = "Option::is_none")]
    sidecar: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct PhotoError {
    #[serde(flatten)]
    details: ErrorDetails,
    /// Whether another attempt may succeed.
    temporary: bool,
}

impl<A> From<ObjectResult<A>> for Photo<A> {
    fn from((object, result): ObjectResult<A>) -> Self {
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
            omitted: None,
            skipped,
            error,
        }
    }
}

/// Shortens the list until a response with it has at most `max_bytes`, which is better than to fail: the sender would
/// send all photos again. Entries that do not fit are left out, those of failed photos last.
pub(super) fn shorten<A: Answer>(photos: &mut Vec<Photo<A>>, max_bytes: usize) {
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
pub(super) fn shorten_each<A: Answer>(photos: &mut [Photo<A>], max_bytes: usize) {
    let steps: [fn(&mut Photo<A>); 8] = [
        |photo| photo.omit_lists(1000),
        |photo| photo.omit_lists(100),
        |photo| photo.omit_lists(10),
        |photo| photo.omit_lists(1),
        |photo| photo.omit_lists(0),
        Photo::omit_large_answer,
        Photo::omit_urls,
        Photo::shorten_message,
    ];
    for step in steps {
        photos.iter_mut().for_each(step);
        if json_size(&photos) + MAX_OTHER_BYTES <= max_bytes {
            return;
        }
    }
}

impl<A: Answer> Photo<A> {
    /// Omits the answer if it counts more than `max` of what it counts first.
    fn omit_lists(&mut self, max: usize) {
        let count = |processed: &ProcessedPhoto<A>| processed.answer.counts().first().copied().unwrap_or_default();
        self.omit_answer_if(
            |processed| count(processed) > max,
            |processed| format!("{} {}", count(processed), plural::<A>()),
        );
    }

    /// Omits an answer without counts.
    fn omit_large_answer(&mut self) {
        self.omit_answer_if(
            |processed| json_size(&processed.answer) > LARGE_ANSWER_BYTES,
            |_| "the answer".to_owned(),
        );
    }

    fn omit_answer_if(
        &mut self,
        is_too_large: impl Fn(&ProcessedPhoto<A>) -> bool,
        description: impl Fn(&ProcessedPhoto<A>) -> String,
    ) {
        let Some(processed) = self.processed.take_if(|processed| is_too_large(processed)) else {
            return;
        };
        let mut pictures = processed.pictures.clone();
        pictures.omit_errors();
        self.omitted = Some(OmittedAnswer {
            width: processed.width,
            height: processed.height,
            omitted: format!("{}: the response would exceed the size limit", description(&processed)),
            pictures,
            sidecar: processed.sidecar,
            moved: processed.moved,
        });
    }

    /// They follow from the key and the options.
    fn omit_urls(&mut self) {
        if let Some(processed) = &mut self.processed {
            processed.pictures.omit_urls();
            processed.sidecar = None;
        }
        if let Some(omitted) = &mut self.omitted {
            omitted.pictures.omit_urls();
            omitted.sidecar = None;
        }
    }

    fn shorten_message(&mut self) {
        if let Some(error) = &mut self.error {
            let message = &mut error.details.message;
            *message = truncate(message, SHORTENED_MESSAGE_CHARS).into_owned();
        }
    }
}
