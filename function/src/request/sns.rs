//! SNS messages that contain S3 notifications, in events of SNS and in SQS messages.
//! Source: Amazon SNS Developer Guide, "Parsing message formats".

use aws_lambda_events::event::sns::SnsEvent;
use serde_json::Value;

use super::common::{Object, deserialize, event_source};
use super::{eventbridge, s3};
use crate::error::{Error, Result};

pub(super) fn objects(event: Value) -> Result<Vec<Object>> {
    let event: SnsEvent = deserialize(event, "SNS event")?;
    let messages = event.records.into_iter().map(|record| record.sns.message);
    let found: Result<Vec<_>> = messages.map(|message| notification_objects(&message)).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// The objects of a message: an S3 notification, its test event, an EventBridge event, or an SNS message that
/// wraps one of these.
pub(super) fn notification_objects(text: &str) -> Result<Vec<Object>> {
    let value = parse_json(text)?;
    if value.get("Type").and_then(Value::as_str) == Some("Notification")
        && let Some(message) = value.get("Message").and_then(Value::as_str)
    {
        // Only one level: SNS does not nest messages.
        return unwrapped_objects(parse_json(message)?);
    }
    unwrapped_objects(value)
}

fn unwrapped_objects(value: Value) -> Result<Vec<Object>> {
    if s3::is_test_event(&value) {
        return Ok(Vec::new());
    }
    if event_source(&value).as_deref() == Some("aws:s3") {
        return s3::objects(value);
    }
    if eventbridge::is_object_created(&value) {
        return eventbridge::objects(value);
    }
    Err(Error::InvalidRequest(
        "the message does not contain an S3 notification".to_owned(),
    ))
}

fn parse_json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Error::InvalidRequest(format!("the message is not JSON: {error}")))
}
