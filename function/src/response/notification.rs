//! The response to S3 notifications. Only an on-success destination receives it. If the invocation fails, Lambda
//! retries the event and finally sends it to the dead-letter queue or the on-failure destination. So it fails if any
//! photo failed, and no photo is lost; a retry writes the output of the successful photos again, unchanged.

use serde::Serialize;

use super::outcome::{ObjectResult, Outcome, ProcessedPhoto};
use crate::error::Result;

/// If the response is too large, the faces of photos with more than this are omitted.
const MAX_LISTED_FACES: usize = 1000;

#[derive(Debug, Serialize)]
pub struct NotificationResponse {
    photos: Vec<Photo>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Photo {
    bucket: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    #[serde(flatten)]
    processed: Option<ProcessedPhoto>,
    #[serde(flatten)]
    omitted_faces: Option<OmittedFaces>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<&'static str>,
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

/// # Errors
/// The first error of a photo, or the first temporary one, if any: that is the reason for Lambda to retry.
pub fn notification(photos: Vec<ObjectResult>) -> Result<NotificationResponse> {
    let errors = photos.iter().filter_map(|(_, result)| result.as_ref().err());
    if let Some(error) = errors.min_by_key(|error| !error.is_temporary()) {
        return Err(error.clone());
    }
    let photo = |(object, result): ObjectResult| {
        let (processed, skipped) = match result {
            Ok(Outcome::Processed(processed)) => (Some(processed), None),
            Ok(Outcome::OwnOutput) => (None, Some("it was written by this function")),
            Err(_) => (None, None),
        };
        Photo {
            bucket: object.bucket,
            key: object.key,
            version_id: object.version_id,
            processed,
            omitted_faces: None,
            skipped,
        }
    };
    Ok(NotificationResponse {
        photos: photos.into_iter().map(photo).collect(),
    })
}

/// Omits the faces of photos with more than [`MAX_LISTED_FACES`], rather than fail: Lambda would retry all photos.
pub(super) fn omit_faces(response: &mut NotificationResponse) {
    let has_too_many = |photo: &&mut Photo| {
        photo
            .processed
            .as_ref()
            .is_some_and(|processed| processed.faces.len() > MAX_LISTED_FACES)
    };
    for photo in response.photos.iter_mut().filter(has_too_many) {
        photo.omitted_faces = photo.processed.take().map(|processed| OmittedFaces {
            width: processed.width,
            height: processed.height,
            omitted: format!(
                "{} faces: the response would exceed Lambda's size limit",
                processed.faces.len()
            ),
            annotated: processed.annotated,
            sidecar: processed.sidecar,
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Error;
    use crate::request::Object;

    fn object_result(key: &str, result: super::super::outcome::PhotoResult) -> ObjectResult {
        let object = Object {
            bucket: "b".to_owned(),
            key: key.to_owned(),
            version_id: None,
        };
        (object, result)
    }

    #[test]
    fn own_output_is_reported_as_skipped() {
        let response = notification(vec![object_result("a_rs.jpg", Ok(Outcome::OwnOutput))]).unwrap();
        let expected = json!({"photos": [
            {"bucket": "b", "key": "a_rs.jpg", "skipped": "it was written by this function"},
        ]});
        assert_eq!(serde_json::to_value(response).unwrap(), expected);
        let none = serde_json::to_value(notification(vec![]).unwrap()).unwrap();
        assert_eq!(none, json!({"photos": []}));
    }

    #[test]
    fn any_failure_fails_the_invocation_and_temporary_errors_come_first() {
        let not_found = || Err(Error::ObjectNotFound("s3://b/a.jpg".to_owned()));
        let timed_out = || {
            Err(Error::OutOfTime {
                operation: "read",
                url: "s3://b/c.jpg".to_owned(),
            })
        };
        let succeeded = || Ok(Outcome::OwnOutput);
        let error_name = |results: Vec<super::super::outcome::PhotoResult>| {
            let photos = results.into_iter().map(|result| object_result("k", result));
            notification(photos.collect()).unwrap_err().name()
        };
        assert_eq!(error_name(vec![succeeded(), not_found()]), "ObjectNotFound");
        assert_eq!(error_name(vec![not_found(), timed_out(), succeeded()]), "OutOfTime");
    }
}
