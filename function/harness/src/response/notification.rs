//! The response to S3 notifications. Only an on-success destination receives it. If the invocation fails, Lambda
//! retries the event and finally sends it to the dead-letter queue or the on-failure destination. So it fails if any
//! photo failed, and no photo is lost; a retry writes the output of the successful photos again, unchanged, and skips those
//! that were moved, unless the bucket keeps versions: then they are moved again, with the same content.

use serde::Serialize;

use super::outcome::ObjectResult;
use super::photo_list::{Photo, shorten};
use crate::answer::Answer;
use crate::error::Result;

#[derive(Debug, Serialize)]
pub struct NotificationResponse<A> {
    photos: Vec<Photo<A>>,
}

/// # Errors
/// The first error of a photo, or the first temporary one, if any: that is the reason for Lambda to retry.
pub fn notification<A: Answer>(photos: Vec<ObjectResult<A>>) -> Result<NotificationResponse<A>> {
    let errors = photos.iter().filter_map(|(_, result)| result.as_ref().err());
    if let Some(error) = errors.min_by_key(|error| !error.is_temporary()) {
        return Err(error.clone());
    }
    Ok(NotificationResponse {
        photos: photos.into_iter().map(Photo::from).collect(),
    })
}

impl<A: Answer> NotificationResponse<A> {
    pub(super) fn shorten(&mut self, max_bytes: usize) {
        shorten(&mut self.photos, max_bytes);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::outcome::{Outcome, PhotoResult, SkipReason};
    use super::super::tests::Things;
    use super::*;
    use crate::error::Error;
    use crate::request::Object;

    fn object_result(key: &str, result: PhotoResult<Things>) -> ObjectResult<Things> {
        let object = Object {
            bucket: "b".to_owned(),
            key: key.to_owned(),
            version_id: None,
        };
        (Ok(object), result)
    }

    #[test]
    fn own_output_is_reported_as_skipped() {
        let response = notification(vec![object_result(
            "a_rs.jpg",
            Ok(Outcome::Skipped(SkipReason::OwnOutput)),
        )])
        .unwrap();
        let expected = json!({"photos": [
            {"bucket": "b", "key": "a_rs.jpg", "skipped": "it was written by this function"},
        ]});
        assert_eq!(serde_json::to_value(response).unwrap(), expected);
        let none = serde_json::to_value(notification::<Things>(vec![]).unwrap()).unwrap();
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
        let succeeded = || Ok(Outcome::Skipped(SkipReason::OwnOutput));
        let error_name = |results: Vec<PhotoResult<Things>>| {
            let photos = results.into_iter().map(|result| object_result("k", result));
            notification(photos.collect()).unwrap_err().name()
        };
        assert_eq!(error_name(vec![succeeded(), not_found()]), "ObjectNotFound");
        assert_eq!(error_name(vec![not_found(), timed_out(), succeeded()]), "OutOfTime");
    }
}
