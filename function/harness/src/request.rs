//! Parses events. The shape of an event determines which service sent it.

mod accept;
mod batch;
mod body;
mod common;
mod direct;
mod event_options;
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

pub use self::accept::{Accept, ResponseFormat};
pub use self::batch::{BatchRequest, Task};
pub use self::body::Body;
pub use self::common::{Object, PhotoRequest, PhotoRequests};
pub use self::http::{HttpRequest, origin};
pub use self::http_event::HttpSender;
pub use self::sqs::{Message, SqsRequest};
pub use self::step_functions::ItemsRequest;

use self::common::MAX_QUOTED_CHARS;
use crate::error::{Error, Result};
use crate::options::RawOptions;
use crate::truncate::truncate;

/// Errors name the fields of the input up to this number.
const MAX_QUOTED_FIELDS: usize = 10;

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

/// What an unknown event is: its source, or the names of its fields.
fn description(event: &Value) -> String {
    let quote = |text: &str| format!("`{}`", truncate(text, MAX_QUOTED_CHARS));
    if let Some(kind) = common::text(event, "/detail-type") {
        return format!("an EventBridge event {}", quote(kind));
    }
    let (what, part) = event
        .get("Records")
        .map_or(("an event", event), |part| ("`Records`", part));
    if let Some(source) = common::first_text(part, &["/0/eventSource", "/0/EventSource", "/eventSource"]) {
        return format!("records of {}", quote(source));
    }
    match part.get(0).unwrap_or(part) {
        Value::Object(fields) if !fields.is_empty() => {
            let names = fields.keys().take(MAX_QUOTED_FIELDS).map(|name| quote(name));
            format!("{what} with the fields {}", names.collect::<Vec<_>>().join(", "))
        }
        Value::Object(_) => format!("{what} without fields"),
        Value::Array(_) => format!("{what} that is an empty list"),
        _ => format!("{what} that is not a JSON object"),
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
            json!({"eventSource": "aws:kafka", "records": {}}),
            // Authorizers of APIs, WebSocket APIs, AppSync and Bedrock send parts of HTTP requests.
            json!({"type": "REQUEST", "methodArn": "a", "httpMethod": "GET", "requestContext": {"httpMethod": "GET"}}),
            json!({"type": "REQUEST", "routeArn": "a", "requestContext": {"http": {"method": "GET"}}}),
            json!({"requestContext": {"routeKey": "$connect", "eventType": "CONNECT"}}),
            json!({"authorizationToken": "a", "requestContext": {"apiId": "a"}}),
            json!({"messageVersion": "1.0", "actionGroup": "a", "httpMethod": "GET"}),
        ] {
            let error = parse(event.clone()).unwrap_err();
            let message = error.to_string();
            assert_eq!(error.name(), "UnknownEvent", "{event}: {message}");
            assert!(message.contains("S3_KEY") && message.contains("SQS"), "{message}");
        }
    }

    #[test]
    fn unknown_event_error_says_what_the_event_is() {
        for (event, expected) in [
            (json!({"awslogs": {"data": "a"}}), "an event with the fields `awslogs`."),
            (json!({"Records": [{"cf": 1}]}), "`Records` with the fields `cf`."),
            (
                json!({"Records": [{"eventSource": "aws:kinesis"}]}),
                "records of `aws:kinesis`.",
            ),
            (json!({"eventSource": "aws:kafka"}), "records of `aws:kafka`."),
            (
                json!({"detail-type": "Scheduled Event"}),
                "an EventBridge event `Scheduled Event`.",
            ),
            (json!({}), "an event without fields."),
            (json!([]), "an event that is an empty list."),
            (json!({"Records": [7]}), "`Records` that is not a JSON object."),
        ] {
            let message = parse(event.clone()).unwrap_err().to_string();
            assert!(message.contains(expected), "{event}: {message}");
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
            (json!({"raw_path": "/", "method": "GET"}), "Http"),
            (
                json!({"EventName": "s3:ObjectCreated:Put", "Key": "b/k", "Records": [{"eventSource": "minio:s3"}]}),
                "Notification",
            ),
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
