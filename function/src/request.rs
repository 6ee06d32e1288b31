//! Parses events. The shape of an event determines which service sent it.

mod batch;
mod common;
mod direct;
mod eventbridge;
mod http;
mod s3;
mod sns;
mod sqs;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub use self::batch::{BatchRequest, Task};
pub use self::common::Object;
pub use self::http::{Body, HttpRequest, ResponseFormat};
pub use self::sqs::{Message, SqsRequest};

use crate::error::{Error, Result};
use crate::options::RawOptions;

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

/// Whether an event came over HTTP, in any payload format and however malformed: then every failure must be
/// an HTTP response. Only function URLs, API Gateway and load balancers send these fields.
pub fn is_http(event: &Value) -> bool {
    let has = |name: &str| event.get(name).is_some_and(|value| !value.is_null());
    has("requestContext") || has("httpMethod")
}

#[derive(Debug)]
pub enum Request {
    /// One photo; the event of the Python original.
    Direct {
        object: Object,
        options: RawOptions,
    },
    /// New objects in S3, from S3, SNS or EventBridge. Empty for a test event.
    Notification(Vec<Object>),
    Sqs(SqsRequest),
    Batch(BatchRequest),
    Http(Box<HttpRequest>),
}

impl Request {
    /// `environment` returns the value of an environment variable.
    pub fn parse(event: Value, environment: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let has = |name: &str| event.get(name).is_some();
        let description = match common::event_source(&event).as_deref() {
            Some("aws:s3") => return s3::objects(event).map(Self::Notification),
            Some("aws:sqs") => return sqs::parse(event).map(Self::Sqs),
            Some("aws:sns") => return sns::objects(event).map(Self::Notification),
            Some(other) => format!("records of `{other}`"),
            None if s3::is_test_event(&event) => return Ok(Self::Notification(Vec::new())),
            None if has("invocationSchemaVersion") => return batch::parse(event).map(Self::Batch),
            None if event.pointer("/requestContext/http").is_some() => {
                return http::parse(event).map(|http| Self::Http(Box::new(http)));
            }
            None if eventbridge::is_object_created(&event) => {
                return eventbridge::objects(event).map(Self::Notification);
            }
            None if has("Records") => "`Records` without an `eventSource`".to_owned(),
            None if has("requestContext") => {
                "an HTTP request in payload format 1.0; set the integration to 2.0".to_owned()
            }
            None if has("detail-type") => "an EventBridge event other than `Object Created` from S3".to_owned(),
            None => "its shape is unknown".to_owned(),
        };
        let (object, options) = direct::parse(&event, environment, &description)?;
        Ok(Self::Direct { object, options })
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
            json!({"requestContext": {"httpMethod": "GET"}}),
            json!({"key1": "value1"}),
            json!({"detail-type": "Object Deleted", "source": "aws.s3"}),
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
    fn malformed_http_events_are_recognized_as_http() {
        for event in [
            json!({"requestContext": {"http": 1}}),
            json!({"requestContext": {"elb": {}}, "httpMethod": "GET", "path": "/"}),
            json!({"version": "1.0", "requestContext": {"httpMethod": "POST"}}),
            json!({"httpMethod": "POST"}),
        ] {
            assert!(is_http(&event), "{event}");
        }
        for event in [
            json!(null),
            json!([1]),
            json!({"Records": [{"eventSource": "aws:sqs"}], "requestContext": null}),
            json!({"BUCKET_NAME": "b", "S3_KEY": "k"}),
        ] {
            assert!(!is_http(&event), "{event}");
        }
    }

    #[test]
    fn malformed_known_event_names_its_type() {
        for (event, expected) in [
            (json!({"Records": [{"eventSource": "aws:s3"}]}), "S3"),
            (json!({"Records": [{"eventSource": "aws:sqs"}]}), "SQS"),
            (json!({"Records": [{"EventSource": "aws:sns"}]}), "SNS"),
            (json!({"invocationSchemaVersion": "1.0"}), "Batch"),
            (json!({"requestContext": {"http": 1}}), "HTTP"),
            (
                json!({"detail-type": "Object Created", "source": "aws.s3"}),
                "EventBridge",
            ),
        ] {
            let error = parse(event.clone()).unwrap_err();
            let message = error.to_string();
            assert_eq!(error.name(), "InvalidRequest", "{event}: {message}");
            assert!(message.contains(expected), "{event}: {message}");
        }
    }
}
