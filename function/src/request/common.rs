//! What the shapes of events have in common: the object that holds a photo, who sent an event, and the errors
//! for one that is not as it should be.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, Result};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub bucket: String,
    /// Its key, decoded.
    pub key: String,
    /// Which version; the latest without.
    pub version_id: Option<String>,
}

pub(super) fn event_source(event: &Value) -> Option<String> {
    let first = event.get("Records")?.get(0)?;
    // SNS spells it with a capital.
    let source = first
        .get("eventSource")
        .or_else(|| first.get("EventSource"))?;
    source.as_str().map(str::to_owned)
}

pub(super) fn unknown_event(description: &str) -> Error {
    Error::UnknownEvent(format!(
        "the event is {description}. This function answers: an S3 notification; SQS messages, SNS messages \
         and EventBridge events with S3 notifications; tasks of S3 Batch Operations (1.0 and 2.0); \
         HTTP from a function URL or API Gateway (payload format 2.0); and an event with \
         `BUCKET_NAME` and `S3_KEY`, which may also come from the environment"
    ))
}

/// An event as its type, or an error that names what is amiss.
pub(super) fn deserialize<T: DeserializeOwned>(event: Value, event_type: &str) -> Result<T> {
    serde_json::from_value(event).map_err(|error| {
        // It may quote a field, and a field may be a whole photo.
        let reason: String = error.to_string().chars().take(200).collect();
        Error::InvalidRequest(format!("the event is no {event_type}: {reason}"))
    })
}
