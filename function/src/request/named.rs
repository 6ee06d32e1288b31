//! Objects that are named by their bucket and key only: by an input transformer of EventBridge or of EventBridge Pipes,
//! by a state machine, or by people. Keys are not URL-encoded, except in the `s3` part of an S3 notification.

use serde_json::Value;

use super::common::{Object, decode_key, first_text, version_id};
use crate::error::Result;

const BUCKETS: [&str; 5] = ["/bucket/name", "/bucket", "/Bucket", "/bucketName", "/BucketName"];
const KEYS: [&str; 6] = ["/object/key", "/object", "/key", "/Key", "/objectKey", "/ObjectKey"];
const VERSIONS: [&str; 5] = [
    "/object/version-id",
    "/object/versionId",
    "/version-id",
    "/versionId",
    "/VersionId",
];

pub(super) fn bucket(value: &Value) -> Option<&str> {
    first_text(value, &BUCKETS).filter(|name| !name.is_empty())
}

pub(super) fn key(value: &Value) -> Option<&str> {
    first_text(value, &KEYS).filter(|key| !key.is_empty())
}

/// `None` if a bucket or a key is missing.
pub(super) fn object(value: &Value) -> Option<Result<Object>> {
    Some(object_in(bucket(value)?, value, key(value)?))
}

/// `value` has the version, and says whether the key is encoded.
pub(super) fn object_in(bucket: &str, value: &Value, key: &str) -> Result<Object> {
    Ok(Object {
        bucket: bucket.to_owned(),
        key: if is_encoded(value) {
            decode_key(key)?
        } else {
            key.to_owned()
        },
        version_id: version_id(first_text(value, &VERSIONS)),
    })
}

/// Whether this is the `s3` part of a notification, or a row of a CSV file of S3 Inventory.
/// Source: Amazon S3 User Guide, "Event message structure" and "Amazon S3 Inventory list".
fn is_encoded(value: &Value) -> bool {
    value.get("s3SchemaVersion").is_some() || value.get("LastModifiedDate").is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bucket_and_key_are_found_under_their_usual_names() {
        for (value, expected) in [
            (json!({"bucket": "b", "key": "a+b"}), "a+b"),
            (json!({"Bucket": "b", "Key": "a+b", "Size": 3}), "a+b"),
            (json!({"bucketName": "b", "objectKey": "a+b"}), "a+b"),
            (json!({"bucket": {"name": "b"}, "object": {"key": "a+b"}}), "a+b"),
            (json!({"bucket": {"name": "b"}, "key": "a+b"}), "a+b"),
            (
                json!({"s3SchemaVersion": "1.0", "bucket": {"name": "b"}, "object": {"key": "a+b"}}),
                "a b",
            ),
            (
                json!({"Bucket": "b", "Key": "a%20b", "LastModifiedDate": "2026-01-01T00:00:00.000Z"}),
                "a b",
            ),
        ] {
            let found = object(&value).unwrap_or_else(|| panic!("{value}")).unwrap();
            assert_eq!((found.bucket.as_str(), found.key.as_str()), ("b", expected), "{value}");
        }
        let versioned = json!({"bucket": "b", "key": "k", "versionId": "v"});
        assert_eq!(object(&versioned).unwrap().unwrap().version_id.as_deref(), Some("v"));
    }

    #[test]
    fn other_values_name_no_object() {
        for value in [
            json!({}),
            json!("text"),
            json!({"bucket": "b"}),
            json!({"key": "k"}),
            json!({"bucket": 1, "key": "k"}),
            json!({"bucket": "", "key": "k"}),
            json!({"bucket": {"id": "b"}, "object": {"key": "k"}}),
        ] {
            assert!(object(&value).is_none(), "{value}");
        }
    }
}
