//! What an event asks for, whatever its shape. The shape tells which service sent it.

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

/// An event as Lambda hands it over: JSON that can be read, or what is wrong with it.
#[derive(Debug)]
pub struct Event(pub Result<Value>);

impl<'de> Deserialize<'de> for Event {
    /// Never fails: a failure here would reach the caller under a name of the runtime's.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Value::deserialize(deserializer);
        let invalid = |error| Error::InvalidRequest(format!("the event cannot be read: {error}"));
        Ok(Self(event.map_err(invalid)))
    }
}

/// Whether an event came over HTTP, in whatever payload format and however broken: then every failure
/// has to be an answer. Function URLs, API Gateway and load balancers say who asked, and nobody else does.
pub fn is_http(event: &Value) -> bool {
    let has = |name: &str| event.get(name).is_some_and(|value| !value.is_null());
    has("requestContext") || has("httpMethod")
}

#[derive(Debug)]
pub enum Request {
    /// One photo, as the Python original was asked.
    Direct {
        object: Object,
        options: RawOptions,
    },
    /// Photos that have come into S3, as S3, SNS or EventBridge tell. None for a test event.
    Notification(Vec<Object>),
    Sqs(SqsRequest),
    Batch(BatchRequest),
    Http(Box<HttpRequest>),
}

impl Request {
    /// What `event` asks for; `environment` looks up a variable.
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
            None if has("Records") => "`Records` that name no source".to_owned(),
            None if has("requestContext") => {
                "an HTTP request in payload format 1.0; set the integration to 2.0".to_owned()
            }
            None if has("detail-type") => {
                "one of EventBridge that tells of no new object".to_owned()
            }
            None => "of no known shape".to_owned(),
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
            assert!(
                message.contains("S3_KEY") && message.contains("SQS"),
                "{message}"
            );
        }
    }

    #[test]
    fn event_that_is_nested_too_deeply_is_refused() {
        let deep = "[".repeat(1000) + &"]".repeat(1000);
        for (text, good) in [
            (deep.as_str(), false),
            ("{\"a\": \"\\ud800\"}", false),
            ("[1]", true),
        ] {
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
