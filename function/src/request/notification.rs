//! The photos of a notification, in any wrapping: messages of SNS and SQS, events of EventBridge, arrays of EventBridge
//! Pipes, records of Lambda's destinations, and events that a dead-letter queue has kept, each in one another.
//! Source: Amazon SNS Developer Guide, "Parsing message formats"; AWS Lambda Developer Guide, "Capturing records of
//! Lambda asynchronous invocations"; Amazon EventBridge User Guide, "Batching and concurrency".

use serde_json::Value;

use super::common::{Object, PhotoRequest, PhotoRequests, text};
use super::eventbridge::Change;
use super::{direct, eventbridge, s3, step_functions};
use crate::error::{Error, Result};

/// The most that AWS makes is an S3 notification in an SNS message, in the record of a failed invocation, in an SNS
/// message, in an SQS message: 9 with arrays and texts.
const MAX_DEPTH: usize = 16;

/// `None` if the event is of no known type, or has no known part. `environment` returns the value of an environment
/// variable, for direct events inside others.
pub(super) fn photos(event: &Value, environment: &dyn Fn(&str) -> Option<String>) -> Option<PhotoRequests> {
    Wrapping { environment, depth: 0 }.photos(event)
}

/// The photos of a message's text. One that names none, although it should, is an error.
pub(super) fn message_photos(message: &str, environment: &dyn Fn(&str) -> Option<String>) -> PhotoRequests {
    Wrapping { environment, depth: 0 }.message_photos(message)
}

#[derive(Clone, Copy)]
struct Wrapping<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    /// The number of events around this one.
    depth: usize,
}

impl Wrapping<'_> {
    fn photos(self, event: &Value) -> Option<PhotoRequests> {
        if self.depth > MAX_DEPTH {
            return Some(invalid("too many events are in one another"));
        }
        match event {
            Value::Array(parts) => self.parts(parts),
            // Some tools serialize an event twice.
            Value::String(text) => {
                let event = serde_json::from_str(text).ok()?;
                self.inner().photos(&event)
            }
            Value::Object(_) => self.object_photos(event),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }

    fn object_photos(self, event: &Value) -> Option<PhotoRequests> {
        if s3::is_test_event(event) {
            return Some(Vec::new());
        }
        if let Some(Value::Array(records)) = event.get("Records") {
            return self.parts(records);
        }
        if s3::is_record(event) {
            return Some(s3::object(event).map_or_else(Vec::new, photo));
        }
        if is_sqs_message(event) {
            return Some(self.inner().message_photos(text(event, "/body").unwrap_or_default()));
        }
        if let Some(message) = sns_message(event) {
            return Some(match message {
                Ok(message) => self.inner().message_photos(message),
                Err(error) => vec![Err(error)],
            });
        }
        if let Some(original) = event.get("requestPayload") {
            return Some(self.failed_invocation_photos(event, original));
        }
        if direct::is_direct(event) {
            return Some(vec![direct::photo(event, self.environment)]);
        }
        if let Some(items) = step_functions::photos(event, self.environment) {
            return Some(items);
        }
        let change = if eventbridge::is_event(event) {
            // EventBridge delivers the record of a destination as the detail of an event.
            let destination_record = event
                .get("detail")
                .filter(|detail| detail.get("requestPayload").is_some());
            if let Some(record) = destination_record {
                return self.inner().photos(record);
            }
            eventbridge::change(event)
        } else {
            eventbridge::named_change(event)
        };
        match change {
            Change::Readable(object) => Some(photo(object)),
            Change::Other => Some(Vec::new()),
            Change::Unknown => None,
        }
    }

    /// `None` if no part is known.
    fn parts(self, parts: &[Value]) -> Option<PhotoRequests> {
        let parts: Vec<_> = parts.iter().map(|part| self.inner().photos(part)).collect();
        let any_is_known = parts.iter().any(Option::is_some);
        let photos = |part: Option<PhotoRequests>| {
            part.unwrap_or_else(|| invalid("a part of the event contains no S3 notification"))
        };
        any_is_known.then(|| parts.into_iter().flat_map(photos).collect())
    }

    fn message_photos(self, message: &str) -> PhotoRequests {
        match serde_json::from_str(message) {
            Ok(event) => {
                let photos = self.inner().photos(&event);
                photos.unwrap_or_else(|| invalid("the message does not contain an S3 notification"))
            }
            Err(error) => invalid(&format!("the message is not JSON: {error}")),
        }
    }

    /// `record` is what Lambda sends to a destination, and `original` the event of the invocation.
    fn failed_invocation_photos(self, record: &Value, original: &Value) -> PhotoRequests {
        // The destination of a successful invocation would send its event to this function again and again.
        if text(record, "/requestContext/condition") == Some("Success") {
            return Vec::new();
        }
        let photos = self.inner().photos(original);
        photos.unwrap_or_else(|| invalid("`requestPayload` of the failed invocation contains no S3 notification"))
    }

    fn inner(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }
}

pub(super) fn is_sqs_message(event: &Value) -> bool {
    let is_text = |name: &str| event.get(name).is_some_and(Value::is_string);
    text(event, "/eventSource") == Some("aws:sqs") || is_text("messageId") && is_text("body")
}

/// The text of a message that SNS delivers, to a function or around a message in a queue; `None` for other events.
fn sns_message(event: &Value) -> Option<Result<&str>> {
    let is_record = event.get("Sns").is_some() || text(event, "/EventSource") == Some("aws:sns");
    if is_record {
        let missing = || Error::InvalidRequest("the SNS record has no text in `Sns.Message`".to_owned());
        return Some(text(event, "/Sns/Message").ok_or_else(missing));
    }
    let is_notification = text(event, "/Type") == Some("Notification") || event.get("TopicArn").is_some();
    let message = text(event, "/Message").filter(|_| is_notification);
    message.map(Ok)
}

/// The photo, unless it marks a folder.
fn photo(object: Result<Object>) -> PhotoRequests {
    match object {
        Ok(object) if object.is_folder() => Vec::new(),
        object => vec![object.map(PhotoRequest::from)],
    }
}

fn invalid(reason: &str) -> PhotoRequests {
    vec![Err(Error::InvalidRequest(reason.to_owned()))]
}

#[cfg(test)]
mod tests;
