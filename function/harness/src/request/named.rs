//! Objects that are named by their bucket and key only: by an input transformer of EventBridge or of EventBridge Pipes,
//! by a state machine, or by people. Keys are not URL-encoded, except in the `s3` part of an S3 notification.

use serde_json::Value;

use super::common::{Object, PhotoRequest, decode_key, first_text, version_id};
use super::event_options;
use crate::error::{Error, Result};

/// More than the longest name, the ARN of an access point, has. The items of a batch can share a name, and each gets a
/// copy.
const MAX_BUCKET_BYTES: usize = 255;

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
pub(super) fn photo(value: &Value) -> Option<Result<PhotoRequest>> {
    Some(photo_in(bucket(value)?, value, key(value)?))
}

/// `value` has the version and options, and says whether the key is encoded.
pub(super) fn photo_in(bucket: &str, value: &Value, key: &str) -> Result<PhotoRequest> {
    let length = bucket.len();
    if length > MAX_BUCKET_BYTES {
        let reason = format!("the name of the bucket has {length} bytes, more than the limit of {MAX_BUCKET_BYTES}");
        return Err(Error::InvalidRequest(reason));
    }
    let object = Object {
        bucket: bucket.to_owned(),
        key: if is_encoded(value) {
            decode_key(key)?
        } else {
            key.to_owned()
        },
        version_id: version_id(first_text(value, &VERSIONS)),
    };
    let options = value.get("options").map(|options| event_options::parse(Some(options)));
    Ok(PhotoRequest {
        options: options.transpose()?,
        is_delete_marker: is_delete_marker(value),
        ..object.into()
    })
}

/// Whether this is the `s3` part of a notification, or a row of a CSV file of S3 Inventory, which has one of these
/// fields and a bucket, unlike an object of a listing.
/// Source: Amazon S3 User Guide, "Event message structure" and "Amazon S3 Inventory list".
fn is_encoded(value: &Value) -> bool {
    let has = |name: &str| value.get(name).is_some();
    has("s3SchemaVersion") || has("Bucket") && (has("LastModifiedDate") || has("IsLatest"))
}

/// In a row of an S3 Inventory of all versions. Values in CSV files are texts.
fn is_delete_marker(value: &Value) -> bool {
    match value.get("IsDeleteMarker") {
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        other => other == Some(&Value::Bool(true)),
    }
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
            (json!({"Bucket": "b", "Key": "a%20b", "IsLatest": "true"}), "a b"),
        ] {
            let found = photo(&value).unwrap_or_else(|| panic!("{value}")).unwrap().object;
            assert_eq!((found.bucket.as_str(), found.key.as_str()), ("b", expected), "{value}");
        }
        let versioned = json!({"bucket": "b", "key": "k", "versionId": "v"});
        let found = photo(&versioned).unwrap().unwrap();
        assert_eq!(found.object.version_id.as_deref(), Some("v"));
        assert_eq!((found.options, found.is_direct), (None, false));
    }

    #[test]
    fn options_are_those_beside_the_key() {
        let value = json!({"bucket": "b", "key": "k", "options": {"preset": "fast"}});
        let options = photo(&value).unwrap().unwrap().options;
        assert_eq!(options, Some(vec![("preset".to_owned(), "fast".to_owned())]));
        let invalid = json!({"bucket": "b", "key": "k", "options": 1});
        assert_eq!(photo(&invalid).unwrap().unwrap_err().name(), "InvalidOption");
    }

    #[test]
    fn long_bucket_name_is_not_copied() {
        let error = photo(&json!({"bucket": "b".repeat(256), "key": "k"}))
            .unwrap()
            .unwrap_err();
        assert!(error.to_string().contains("256 bytes"), "{error}");
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
            assert!(photo(&value).is_none(), "{value}");
        }
    }
}
