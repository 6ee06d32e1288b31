//! Keeps responses below the size limit of Lambda or of the sender: they refuse a larger one, and the invocation fails
//! even if all photos were processed. Responses to direct events and HTTP requests become an error; those to services
//! are shortened: the services would send all photos again.
//! Source: AWS Lambda Developer Guide, "Lambda quotas", invocation payload.

use std::borrow::Cow;

use serde::Serialize;

use super::batch::{self, BatchResponse};
use super::direct::DirectResponse;
use super::http::HttpResponse;
use super::items::{self, ItemsResponse};
use super::notification::NotificationResponse;
use super::serialized_size::{MAX_RESPONSE_BYTES, json_size};
use super::sqs::SqsResponse;
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::request::HttpSender;

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Response<A> {
    Direct(DirectResponse<A>),
    Notification(NotificationResponse<A>),
    Sqs(SqsResponse),
    Batch(BatchResponse),
    Items(ItemsResponse<A>),
    Http(HttpResponse),
}

impl<A> Response<A> {
    /// The size that the receiver accepts, in bytes of JSON.
    fn max_bytes(&self) -> usize {
        match self {
            Self::Items(_) => items::MAX_OUTPUT_BYTES,
            Self::Http(response) => response.sender.max_response_bytes(),
            _ => MAX_RESPONSE_BYTES,
        }
    }
}

/// `smaller_answer` says how an answer becomes smaller, for messages.
///
/// # Errors
/// [`Error::ResponseTooLarge`] if shortening is not possible or not enough.
pub fn limit_size<A: Answer>(mut response: Response<A>, smaller_answer: &str) -> Result<Response<A>> {
    let is_streamed = |response: &HttpResponse| response.sender == HttpSender::StreamingGateway;
    if matches!(&response, Response::Http(response) if is_streamed(response)) {
        // It is not sent as JSON, and the size of a photo has been checked before.
        return Ok(response);
    }
    let (bytes, limit) = (json_size(&response), response.max_bytes());
    if bytes <= limit {
        return Ok(response);
    }
    let remedy: Cow<'static, str> = match &mut response {
        Response::Http(_) => smaller_answer.to_owned().into(),
        Response::Direct(_) => format!(
            "the output was written; set `output` to `sidecar` to write the answer to a file as well, or \
             {smaller_answer}"
        )
        .into(),
        Response::Notification(response) => {
            response.shorten(limit);
            "send fewer photos at once".into()
        }
        Response::Batch(response) => {
            batch::shorten_results(response);
            "send fewer tasks at once".into()
        }
        Response::Items(response) => {
            response.shorten(limit);
            "send fewer items at once".into()
        }
        Response::Sqs(_) => "send fewer messages at once".into(),
    };
    if json_size(&response) <= limit {
        return Ok(response);
    }
    Err(Error::ResponseTooLarge { bytes, limit, remedy })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{Things, processed_photo};
    use super::super::{Outcome, SkipReason, direct, json as json_response, notification, sqs};
    use super::*;
    use crate::request::Object;

    #[test]
    fn json_size_is_the_serialized_length() {
        let value = json!({"caf\u{e9}": ["\"", "\u{1}", 1.5, null]});
        assert_eq!(json_size(&value), value.to_string().len());
    }

    #[test]
    fn response_with_too_many_things_is_refused() {
        let limit = |response: Response<Things>| limit_size(response, "choose fewer things");
        limit(Response::Http(json_response(&processed_photo(10_000)))).unwrap();
        limit(Response::Direct(direct(processed_photo(10_000)))).unwrap();
        for response in [
            Response::Http(json_response(&processed_photo(100_000))),
            Response::Direct(direct(processed_photo(100_000))),
        ] {
            let error = limit(response).unwrap_err();
            assert_eq!((error.name(), error.status()), ("ResponseTooLarge", 413));
            assert!(error.to_string().contains("choose fewer things"), "{error}");
        }
    }

    #[test]
    fn oversized_notification_response_omits_answers() {
        let object = |key: &str| Object {
            bucket: "b".to_owned(),
            key: key.to_owned(),
            version_id: None,
        };
        let photos = vec![
            (Ok(object("many")), Ok(Outcome::Processed(processed_photo(100_000)))),
            (Ok(object("few")), Ok(Outcome::Processed(processed_photo(1)))),
            (Ok(object("own")), Ok(Outcome::Skipped(SkipReason::OwnOutput))),
        ];
        let response = Response::Notification(notification(photos).unwrap());
        let response = serde_json::to_value(limit_size(response, "").unwrap()).unwrap();
        let [omitted, listed, skipped] = response["photos"].as_array().unwrap().as_slice() else {
            panic!("{response}");
        };
        assert_eq!(
            omitted["omitted"],
            "100000 things: the response would exceed the size limit"
        );
        assert_eq!(omitted["annotated"], "s3://b/k_rs.jpg");
        assert_eq!(listed["things"][0]["box"], json!([1000, 2000, 300, 400]));
        assert!(skipped["skipped"].is_string());

        // None of them has many things.
        let photos = (0..1000).map(|number: i32| {
            let processed = Outcome::Processed(processed_photo(200));
            (Ok(object(&number.to_string())), Ok(processed))
        });
        let response = Response::Notification(notification(photos.collect()).unwrap());
        let response = serde_json::to_value(limit_size(response, "").unwrap()).unwrap();
        assert_eq!(response["photos"].as_array().map(Vec::len), Some(1000));
        assert!(response["photos"][0]["omitted"].is_string());
    }

    #[test]
    fn oversized_batch_and_queue_responses_keep_every_result() {
        let tasks = (0..20_000).map(|id| {
            let error = Error::InvalidRequest("\u{1}".repeat(2000));
            (id.to_string(), Err(error))
        });
        let response = Response::<Things>::Batch(batch::batch::<Things>("2.0".to_owned(), "i".to_owned(), tasks));
        let response = serde_json::to_value(limit_size(response, "").unwrap()).unwrap();
        let results = response["results"].as_array().unwrap();
        assert_eq!(results.len(), 20_000);
        for result in results {
            assert_eq!(result["resultCode"], "PermanentFailure");
            let text = result["resultString"].as_str().unwrap();
            assert!(text.starts_with("InvalidRequest"), "{text}");
        }
        let messages = (0..10_000).map(|id| (format!("{id:0100}"), false));
        let response =
            serde_json::to_value(limit_size(Response::<Things>::Sqs(sqs(false, messages)), "").unwrap()).unwrap();
        assert_eq!(response["batchItemFailures"].as_array().map(Vec::len), Some(10_000));
        assert_ne!(response, Value::Null);
    }
}
