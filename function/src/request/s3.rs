//! S3 event notifications. Every record about a new object is a photo.
//! Source: Amazon S3 User Guide, "Event message structure".

use aws_lambda_events::event::s3::{S3Event, S3EventRecord};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::common::{Object, deserialize};
use crate::error::{Error, Result};

/// S3 sends this event when a notification is configured.
const TEST_EVENT: &str = "s3:TestEvent";

pub(super) fn is_test_event(event: &Value) -> bool {
    event.get("Event").and_then(Value::as_str) == Some(TEST_EVENT)
}

pub(super) fn objects(event: Value) -> Result<Vec<Object>> {
    let event: S3Event = deserialize(event, "S3 notification")?;
    let created = event.records.into_iter().filter(is_object_created);
    let mut objects = created.map(object).collect::<Result<Vec<_>>>()?;
    // The S3 console creates such an empty object for a folder.
    objects.retain(|object| !object.key.ends_with('/'));
    Ok(objects)
}

/// Whether the object of a record became readable; other records are about deletions, tags and so on.
fn is_object_created(record: &S3EventRecord) -> bool {
    let name = record.event_name.as_deref().unwrap_or_default();
    let name = name.trim_start_matches("s3:");
    name.starts_with("ObjectCreated:") || name == "ObjectRestore:Completed"
}

fn object(record: S3EventRecord) -> Result<Object> {
    let missing = |field: &str| Error::InvalidRequest(format!("an S3 record has no {field}"));
    let bucket = record.s3.bucket.name.ok_or_else(|| missing("bucket"))?;
    let key = record.s3.object.key.ok_or_else(|| missing("key"))?;
    Ok(Object {
        bucket,
        key: decode_key(&key)?,
        version_id: version_id(record.s3.object.version_id),
    })
}

/// S3 encodes keys in events like form fields: `+` is a space.
pub(super) fn decode_key(key: &str) -> Result<String> {
    let spaced = key.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Error::InvalidRequest(format!("the key `{key}` is not URL-encoded UTF-8")))
}

/// In a bucket without versioning the version is `null` or missing.
pub(super) fn version_id(id: Option<String>) -> Option<String> {
    id.filter(|id| !id.is_empty() && id != "null")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(name: &str, key: &str, version: Option<&str>) -> Value {
        json!({
            "eventVersion": "2.3", "eventSource": "aws:s3", "awsRegion": "us-east-1",
            "eventTime": "2026-01-01T00:00:00.000Z", "eventName": name,
            "userIdentity": {"principalId": "A"},
            "requestParameters": {"sourceIPAddress": "127.0.0.1"},
            "responseElements": {"x-amz-request-id": "C"},
            "s3": {
                "s3SchemaVersion": "1.0", "configurationId": "photos",
                "bucket": {"name": "b", "ownerIdentity": {"principalId": "A"}, "arn": "arn:aws:s3:::b"},
                "object": {"key": key, "size": 1, "eTag": "d", "versionId": version, "sequencer": "0"},
            },
        })
    }

    #[test]
    fn created_objects_are_listed_with_decoded_keys() {
        let event = json!({"Records": [
            record("ObjectCreated:Put", "caf%C3%A9/my+photo%2B1.jpg", Some("v1")),
            record("ObjectRemoved:Delete", "gone.jpg", None),
            record("ObjectTagging:Put", "tagged.jpg", None),
            record("ObjectCreated:Put", "a+folder/", None),
            record("ObjectCreated:Copy", "b.jpg", None),
        ]});
        let found = objects(event).unwrap();
        let keys: Vec<_> = found.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(keys, ["café/my photo+1.jpg", "b.jpg"]);
        assert_eq!(found[0].version_id.as_deref(), Some("v1"));
        assert_eq!(found[1].version_id, None);
    }

    #[test]
    fn key_that_is_not_utf8_is_refused() {
        let event = json!({"Records": [record("ObjectCreated:Put", "%ff.jpg", None)]});
        let message = objects(event).unwrap_err().to_string();
        assert!(message.contains("%ff.jpg"), "{message}");
    }

    #[test]
    fn test_event_is_recognized() {
        assert!(is_test_event(
            &json!({"Service": "Amazon S3", "Event": TEST_EVENT, "Bucket": "b"})
        ));
        assert!(!is_test_event(&json!({"Event": "other"})));
    }
}
