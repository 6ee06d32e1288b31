//! Records of S3 event notifications, as S3 and compatible servers send them.
//! Source: Amazon S3 User Guide, "Event message structure".

use serde_json::Value;

use super::common::{Object, decode_key, required, text, version_id};
use crate::error::Result;

/// S3 sends this event when a notification is configured.
const TEST_EVENT: &str = "s3:TestEvent";

pub(super) fn is_test_event(event: &Value) -> bool {
    text(event, "/Event") == Some(TEST_EVENT)
}

pub(super) fn is_record(value: &Value) -> bool {
    // MinIO's is `minio:s3`, Ceph's `ceph:s3`.
    value.get("s3").is_some() || text(value, "/eventSource").is_some_and(|source| source.ends_with(":s3"))
}

/// `None` if the object did not become readable: other records are about deletions, tags and so on.
pub(super) fn object(record: &Value) -> Option<Result<Object>> {
    is_readable(record).then(|| {
        let key = required(record, "/s3/object/key", "S3 record")?;
        // Ceph does not encode keys. Source: ceph/ceph, `rgw_pubsub_s3_event` in src/rgw/rgw_pubsub.cc.
        let is_encoded = text(record, "/eventSource") != Some("ceph:s3");
        Ok(Object {
            bucket: required(record, "/s3/bucket/name", "S3 record")?,
            key: if is_encoded { decode_key(&key)? } else { key },
            version_id: version_id(text(record, "/s3/object/versionId")),
        })
    })
}

/// MinIO and servers like it report these changes of an object as `ObjectCreated`.
/// Source: MinIO documentation, "Bucket Notifications", supported S3 event types.
const METADATA_CHANGES: [&str; 4] = ["PutTagging", "DeleteTagging", "PutRetention", "PutLegalHold"];

/// Records that people make often lack the name.
fn is_readable(record: &Value) -> bool {
    let name = text(record, "/eventName").filter(|name| !name.is_empty());
    name.is_none_or(|name| {
        // Notifications lack the prefix, but those of compatible servers have it.
        let name = name.strip_prefix("s3:").unwrap_or(name);
        match name.split_once(':').unwrap_or((name, "")) {
            ("ObjectCreated", call) => !METADATA_CHANGES.contains(&call),
            ("ObjectRestore", call) => call == "Completed",
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(name: &Value, key: &str, version: Option<&str>) -> Value {
        json!({
            "eventSource": "aws:s3", "eventName": name,
            "s3": {"bucket": {"name": "b"}, "object": {"key": key, "versionId": version}},
        })
    }

    #[test]
    fn objects_that_became_readable_are_taken() {
        for name in [
            json!("ObjectCreated:Put"),
            json!("ObjectCreated:CompleteMultipartUpload"),
            json!("s3:ObjectCreated:Copy"),
            json!("ObjectRestore:Completed"),
            json!(""),
            Value::Null,
        ] {
            let found = object(&record(&name, "my+photo%2B1.jpg", Some("v1")));
            let found = found.unwrap_or_else(|| panic!("{name} is ignored")).unwrap();
            assert_eq!((found.bucket.as_str(), found.key.as_str()), ("b", "my photo+1.jpg"));
            assert_eq!(found.version_id.as_deref(), Some("v1"));
        }
    }

    #[test]
    fn other_changes_are_ignored() {
        for name in [
            "ObjectRemoved:Delete",
            "ObjectRemoved:DeleteMarkerCreated",
            "s3:ObjectRemoved:Delete",
            "ObjectTagging:Put",
            "ObjectAcl:Put",
            "ObjectRestore:Post",
            "ObjectRestore:Delete",
            "LifecycleExpiration:Delete",
            "LifecycleTransition",
            "IntelligentTiering",
            "Replication:OperationFailedReplication",
            "ReducedRedundancyLostObject",
            "s3:ObjectCreated:PutTagging",
            "s3:ObjectCreated:DeleteTagging",
            "s3:ObjectCreated:PutRetention",
            "s3:ObjectCreated:PutLegalHold",
            "s3:ObjectAccessed:Get",
        ] {
            assert!(object(&record(&json!(name), "a.jpg", None)).is_none(), "{name}");
        }
    }

    #[test]
    fn keys_are_decoded_except_those_of_ceph() {
        for (source, expected) in [
            ("aws:s3", "my photo+1%41.jpg"),
            ("minio:s3", "my photo+1%41.jpg"),
            ("ceph:s3", "my+photo%2B1%2541.jpg"),
        ] {
            let mut record = record(&json!("ObjectCreated:Put"), "my+photo%2B1%2541.jpg", None);
            record["eventSource"] = json!(source);
            assert_eq!(object(&record).unwrap().unwrap().key, expected, "{source}");
        }
    }

    #[test]
    fn only_bucket_and_key_are_required() {
        let minimal = json!({"s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}});
        assert!(is_record(&minimal));
        assert_eq!(object(&minimal).unwrap().unwrap().key, "k");
        for (record, field) in [
            (json!({"eventSource": "aws:s3"}), "`s3.object.key`"),
            (
                json!({"eventSource": "minio:s3", "s3": {"object": {"key": "k"}}}),
                "`s3.bucket.name`",
            ),
            (
                json!({"s3": {"bucket": {"name": 1}, "object": {"key": "k"}}}),
                "`s3.bucket.name`",
            ),
            (
                json!({"s3": {"bucket": {"name": "b"}, "object": {"key": ""}}}),
                "`s3.object.key`",
            ),
        ] {
            assert!(is_record(&record), "{record}");
            let message = object(&record).unwrap().unwrap_err().to_string();
            assert!(message.contains(field), "{message}");
        }
    }

    #[test]
    fn test_event_is_recognized() {
        assert!(is_test_event(
            &json!({"Service": "Amazon S3", "Event": TEST_EVENT, "Bucket": "b"})
        ));
        assert!(!is_test_event(&json!({"Event": "other"})));
    }
}
