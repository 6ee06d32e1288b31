//! Parses events. The shape of an event determines which service sent it.

mod batch;
mod body;
mod common;
mod direct;
mod eventbridge;
mod http;
mod http_event;
mod named;
mod notification;
mod s3;
mod sqs;
mod step_functions;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub use self::batch::{BatchRequest, Task};
pub use self::body::Body;
pub use self::common::{Object, PhotoRequest, PhotoRequests};
pub use self::http::{HttpRequest, ResponseFormat, origin};
pub use self::http_event::HttpSender;
pub use self::sqs::{Message, SqsRequest};
pub use self::step_functions::ItemsRequest;

use crate::error::{Error, Result};
use crate::options::RawOptions;
use crate::truncate::truncate;

/// Errors quote the input up to this length.
const MAX_QUOTED_CHARS: usize = 200;

/// An event as Lambda passes it: JSON, or why it could not be parsed.
#[derive(Debug)]
pub struct Event(pub Result<Value>);

impl<'de> Deserialize<'de> for Event {
    /// Never fails: the caller would see the error type of the Lambda runtime crate, not one of ours.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Value::deserialize(deserializer);
        let invalid = |error| Error::InvalidRequest(format!("failed to parse the event: {error}"));
        Ok(Self(event.map_err(invalid)))
    }
}

#[derive(Debug)]
pub enum Request {
    /// One photo; the event of the Python original.
    Direct {
        object: Object,
        options: RawOptions,
    },
    /// New objects in S3, in any wrapping. Empty for other changes in S3.
    Notification(PhotoRequests),
    Sqs(SqsRequest),
    Batch(BatchRequest),
    Items(ItemsRequest),
    Http(Box<HttpRequest>),
}

impl Request {
    /// `environment` returns the value of an environment variable.
    pub fn parse(event: Value, environment: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let environment: &dyn Fn(&str) -> Option<String> = &environment;
        if let Some(sender) = HttpSender::of(&event) {
            return http::parse(event, sender).map(|http| Self::Http(Box::new(http)));
        }
        if event.get("invocationSchemaVersion").is_some() {
            return batch::parse(&event).map(Self::Batch);
        }
        if let Some(messages) = sqs::parse(&event, environment) {
            return Ok(Self::Sqs(messages));
        }
        if direct::is_direct(&event) {
            let (object, options) = direct::parse(&event, environment)?;
            return Ok(Self::Direct { object, options });
        }
        if let Some(items) = step_functions::parse(&event, environment) {
            return Ok(Self::Items(items));
        }
        if let Some(photos) = notification::photos(&event, environment) {
            return Ok(Self::Notification(photos));
        }
        if direct::is_in_environment(environment) {
            let (object, options) = direct::parse(&event, environment)?;
            return Ok(Self::Direct { object, options });
        }
        Err(common::unknown_event(&description(&event)))
    }
}

/// Why an event is unknown.
fn description(event: &Value) -> String {
    let records = event.get("Records").unwrap_or(event);
    let source = common::first_text(records, &["/0/eventSource", "/0/EventSource"]);
    let kind = common::text(event, "/detail-type");
    match (source, kind) {
        (Some(source), _) => format!("records of `{}`", truncate(source, MAX_QUOTED_CHARS)),
        (None, Some(kind)) => format!("an EventBridge event `{}`", truncate(kind, MAX_QUOTED_CHARS)),
        (None, None) if event.get("Records").is_some() => "`Records` without an `eventSource`".to_owned(),
        (None, None) => "its shape is unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(event: Value) -> Result<Request> {
        Request::parse(event, |_| None)
    }

    #[test]
    fn unknown_event_error_lists_the_supported_events() {
        for event in [
            json!({}),
            json!(null),
            json!([1, 2]),
            json!("text"),
            json!({"Records": []}),
            json!({"Records": [{"eventSource": "aws:kinesis"}]}),
            json!({"key1": "value1"}),
            json!({"detail-type": "Scheduled Event", "source": "aws.events"}),
        ] {
            let error = parse(event.clone()).unwrap_err();
            let message = error.to_string();
            assert_eq!(error.name(), "UnknownEvent", "{event}: {message}");
            assert!(message.contains("S3_KEY") && message.contains("SQS"), "{message}");
        }
    }

    #[test]
    fn event_that_is_nested_too_deeply_is_refused() {
        let deep = "[".repeat(1000) + &"]".repeat(1000);
        for (text, good) in [(deep.as_str(), false), ("{\"a\": \"\\ud800\"}", false), ("[1]", true)] {
            let mut reader = serde_json::Deserializer::from_str(text);
            let Event(event) = Event::deserialize(&mut reader).unwrap();
            assert_eq!(event.is_ok(), good, "{event:?}");
            if let Err(error) = event {
                assert_eq!(error.name(), "InvalidRequest");
            }
        }
    }

    #[test]
    fn sender_is_known_by_the_shape_of_the_event() {
        let key = json!({"bucket": "b", "key": "k"});
        for (event, expected) in [
            (json!({"BUCKET_NAME": "b", "S3_KEY": "k"}), "Direct"),
            (json!({"Records": [{"eventSource": "aws:s3"}]}), "Notification"),
            (json!({"Records": [{"EventSource": "aws:sns"}]}), "Notification"),
            (
                json!({"detail-type": "Object Created", "source": "aws.s3"}),
                "Notification",
            ),
            (
                json!({"detail-type": "Object Deleted", "source": "aws.s3"}),
                "Notification",
            ),
            (key.clone(), "Notification"),
            (json!([key]), "Notification"),
            (json!({"Records": [{"eventSource": "aws:sqs"}]}), "Sqs"),
            (json!([{"messageId": "m", "body": "{}"}]), "Sqs"),
            (
                json!({"invocationSchemaVersion": "1.0", "invocationId": "i", "tasks": []}),
                "Batch",
            ),
            (json!({"Items": []}), "Items"),
            (json!({"Key": "k"}), "Items"),
            (json!({"requestContext": {"http": {"method": "GET"}}}), "Http"),
            (json!({"requestContext": {"elb": {}}, "httpMethod": "GET"}), "Http"),
            (json!({"httpMethod": "GET"}), "Http"),
            (
                json!({"requestContext": {"functionArn": "a"}, "requestPayload": key}),
                "Notification",
            ),
        ] {
            let request = parse(event.clone()).unwrap_or_else(|error| panic!("{event}: {error}"));
            let found = format!("{request:?}");
            assert!(found.starts_with(expected), "{event}: {found}");
        }
    }

    #[test]
    fn any_event_is_direct_if_the_environment_names_the_photo() {
        let environment = |name: &str| Some(name.to_lowercase());
        for event in [
            json!(null),
            json!({"detail-type": "Scheduled Event", "source": "aws.events"}),
        ] {
            let Request::Direct { object, .. } = Request::parse(event, environment).unwrap() else {
                panic!("the event is not direct");
            };
            assert_eq!((object.bucket.as_str(), object.key.as_str()), ("bucket_name", "s3_key"));
        }
        // Events that name other photos are not.
        let named = Request::parse(json!({"bucket": "b", "key": "k"}), environment).unwrap();
        assert!(matches!(named, Request::Notification(_)));
    }
}
