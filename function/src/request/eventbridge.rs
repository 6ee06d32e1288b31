//! EventBridge's "Object Created" events. Their keys are not encoded.
//! Source: Amazon S3 User Guide, "EventBridge event message structure".

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::s3::version;
use super::shape::{Object, typed};
use crate::error::Result;

#[derive(Deserialize, Serialize)]
struct Detail {
    bucket: Bucket,
    object: Created,
}

#[derive(Deserialize, Serialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize, Serialize)]
struct Created {
    key: String,
    #[serde(rename = "version-id")]
    version: Option<String>,
}

pub(super) fn is_created(event: &Value) -> bool {
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    (text("source"), text("detail-type")) == ("aws.s3", "Object Created")
}

pub(super) fn objects(event: Value) -> Result<Vec<Object>> {
    let event: EventBridgeEvent<Detail> = typed(event, "EventBridge event of S3")?;
    Ok(vec![Object {
        bucket: event.detail.bucket.name,
        key: event.detail.object.key,
        version: version(event.detail.object.version),
    }])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_key_is_taken_as_it_is() {
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
        assert!(is_created(&event("Object Created")));
        assert!(!is_created(&event("Object Deleted")));
    }
}
