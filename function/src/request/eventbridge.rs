//! EventBridge's "Object Created" events. Unlike in S3 notifications, keys are not URL-encoded.
//! Source: Amazon S3 User Guide, "EventBridge event message structure".

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::common::{Object, deserialize};
use super::s3::version_id;
use crate::error::Result;

#[derive(Deserialize, Serialize)]
struct Detail {
    bucket: Bucket,
    object: CreatedObject,
}

#[derive(Deserialize, Serialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize, Serialize)]
struct CreatedObject {
    key: String,
    #[serde(rename = "version-id")]
    version_id: Option<String>,
}

pub(super) fn is_object_created(event: &Value) -> bool {
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    (text("source"), text("detail-type")) == ("aws.s3", "Object Created")
}

pub(super) fn objects(event: Value) -> Result<Vec<Object>> {
    let event: EventBridgeEvent<Detail> = deserialize(event, "EventBridge event from S3")?;
    Ok(vec![Object {
        bucket: event.detail.bucket.name,
        key: event.detail.object.key,
        version_id: version_id(event.detail.object.version_id),
    }])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn key_is_not_decoded() {
        let event = |kind: &str| {
            json!({
                "version": "0", "id": "1", "detail-type": kind, "source": "aws.s3",
                "account": "111122223333", "time": "2026-01-01T00:00:00Z", "region": "us-east-1",
                "resources": ["arn:aws:s3:::b"],
                "detail": {"bucket": {"name": "b"}, "object": {"key": "a+b %41.jpg", "size": 5}},
            })
        };
        let found = objects(event("Object Created")).unwrap();
        assert_eq!(found[0].key, "a+b %41.jpg");
        assert!(is_object_created(&event("Object Created")));
        assert!(!is_object_created(&event("Object Deleted")));
    }
}
