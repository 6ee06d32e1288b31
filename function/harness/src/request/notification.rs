//! The photos of a notification, in any wrapping: messages of SNS and SQS, events of EventBridge, arrays of EventBridge
//! Pipes, records of Lambda's destinations, and events that a dead-letter queue has kept, each in one another.
//! Source: Amazon SNS Developer Guide, "Parsing message formats"; AWS Lambda Developer Guide, "Capturing records of
//! Lambda asynchronous invocations"; Amazon EventBridge User Guide, "Batching and concurrency".

use serde_json::Value;

use super::common::{PhotoRequest, PhotoRequests, first_text, text};
use super::eventbridge::Change;
use super::{direct, eventbridge, s3, step_functions};
use crate::error::{Error, Result};

/// The most that AWS makes is an S3 notification in an SNS message, in the record of a failed invocation, in an SNS
/// message, in an SQS message: 7 with lists of records.
const MAX_DEPTH: usize = 16;

/// `None` if the event is of no known type, or has no known part. `environment` returns the value of an environment
/// variable, for direct events inside others.
pub(super) fn photos(event: &Value, environment: &dyn Fn(&str) -> Option<String>) -> Option<PhotoRequests> {
    Wrapping { environment, depth: 0 }.photos(event)
}

/// The photos of a message in a queue. One that names none, although it should, is an error.
pub(super) fn sqs_message_photos(record: &Value, environment: &dyn Fn(&str) -> Option<String>) -> PhotoRequests {
    Wrapping { environment, depth: 0 }.message_photos(record.get("body"))
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
        if s3::is_test_event(event) || is_sns_confirmation(event) {
            return Some(Vec::new());
        }
        if let Some(Value::Array(records)) = event.get("Records") {
            return self.parts(records);
        }
        if s3::is_record(event) {
            return Some(s3::object(event).map_or_else(Vec::new, |object| photo(object.map(PhotoRequest::from))));
        }
        if is_sqs_message(event) {
            return Some(self.message_photos(event.get("body")));
        }
        if is_sns_record(event) {
            return Some(self.message_photos(event.pointer("/Sns/Message")));
        }
        if is_sns_notification(event) {
            return Some(self.message_photos(event.get("Message")));
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
            eventbridge::change(event)
        } else {
            eventbridge::detail_change(event)
        };
        match change {
            Change::Readable(found) => Some(photo(found)),
            Change::Other => Some(Vec::new()),
            Change::OfDetail(detail) => self.inner().photos(detail),
            Change::Unknown => None,
        }
    }

    /// `None` if no part is known.
    fn parts(self, parts: &[Value]) -> Option<PhotoRequests> {
        let parts: Vec<_> = parts.iter().map(|part| self.inner().photos(part)).collect();
        let any_is_known = parts.iter().any(Option::is_some);
        let photos =
            |part: Option<PhotoRequests>| part.unwrap_or_else(|| invalid("a part of the event names no object in S3"));
        any_is_known.then(|| parts.into_iter().flat_map(photos).collect())
    }

    /// `message` is a text, or the JSON in it: EventBridge Pipes parse what an input transformer takes from a message.
    fn message_photos(self, message: Option<&Value>) -> PhotoRequests {
        let photos = match message {
            Some(Value::String(text)) => match serde_json::from_str(text) {
                Ok(event) => self.inner().photos(&event),
                Err(error) => return invalid(&format!("the message is not JSON: {error}")),
            },
            Some(event) => self.inner().photos(event),
            None => return invalid("the message is empty"),
        };
        photos.unwrap_or_else(|| invalid("the message names no object in S3"))
    }

    /// `record` is what Lambda sends to a destination, and `original` the event of the invocation.
    fn failed_invocation_photos(self, record: &Value, original: &Value) -> PhotoRequests {
        // The destination of a successful invocation would send its event to this function again and again.
        if text(record, "/requestContext/condition") == Some("Success") {
            return Vec::new();
        }
        let photos = self.inner().photos(original);
        photos.unwrap_or_else(|| invalid("`requestPayload` of the failed invocation names no object in S3"))
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
    text(event, "/eventSource") == Some("aws:sqs") || is_text("messageId") && event.get("body").is_some()
}

/// Whether SNS sent this to a function.
fn is_sns_record(event: &Value) -> bool {
    event.get("Sns").is_some() || text(event, "/EventSource") == Some("aws:sns")
}

/// Whether SNS sent this because of a new or deleted subscription, which its owner confirms.
fn is_sns_confirmation(event: &Value) -> bool {
    let kind = first_text(event, &["/Type", "/Sns/Type"]);
    matches!(kind, Some("SubscriptionConfirmation" | "UnsubscribeConfirmation"))
}

/// Whether SNS sent this to a queue.
fn is_sns_notification(event: &Value) -> bool {
    let has = |name: &str| event.get(name).is_some();
    has("Message") && (has("TopicArn") || text(event, "/Type") == Some("Notification"))
}

/// The photo, unless it marks a folder or a deletion.
fn photo(photo: Result<PhotoRequest>) -> PhotoRequests {
    let is_read = photo.as_ref().map_or(true, PhotoRequest::has_content);
    if is_read { vec![photo] } else { Vec::new() }
}

fn invalid(reason: &str) -> PhotoRequests {
    vec![Err(Error::InvalidRequest(reason.to_owned()))]
}

#[cfg(test)]
mod tests;
