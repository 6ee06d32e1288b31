//! Shared by all event parsers: the object type, the source of an event, and parse errors.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, Result};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub bucket: String,
    /// Without URL encoding.
    pub key: String,
    /// `None` for the latest version.
    pub version_id: Option<String>,
}

pub(super) fn event_source(event: &Value) -> Option<String> {
    let first = event.get("Records")?.get(0)?;
    // SNS capitalizes the field.
    let source = first.get("eventSource").or_else(|| first.get("EventSource"))?;
    source.as_str().map(str::to_owned)
}

pub(super) fn unknown_event(description: &str) -> Error {
    Error::UnknownEvent(format!(
        "unsupported event: {description}. Supported are S3 notifications; SQS messages, SNS messages and \
         EventBridge events with S3 notifications; tasks of S3 Batch Operations (1.0 and 2.0); HTTP requests \
         from a function URL or API Gateway (payload format 2.0); and events with `BUCKET_NAME` and `S3_KEY`, \
         which can also be set in the environment"
    ))
}

pub(super) fn deserialize<T: DeserializeOwned>(event: Value, event_type: &str) -> Result<T> {
    serde_json::from_value(event).map_err(|error| {
        // The error can quote a field, which can be a whole photo.
        let reason: String = error.to_string().chars().take(200).collect();
        Error::InvalidRequest(format!("the event is not a valid {event_type}: {reason}"))
    })
}
