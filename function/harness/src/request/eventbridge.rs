//! EventBridge's events about objects: S3's own, and calls of S3's API that CloudTrail recorded. Unlike in S3
//! notifications, keys are not URL-encoded. An input transformer can drop any field around `detail`.
//! Source: Amazon S3 User Guide, "EventBridge event message structure"; AWS CloudTrail User Guide, "CloudTrail record
//! contents".

use serde_json::Value;

use super::common::{Object, PhotoRequest, required, text, version_id};
use super::named;
use crate::error::{Error, Result};

/// The source of CloudTrail's records of S3.
const API: &str = "s3.amazonaws.com";

/// The calls after which an object can be read. A restore is only requested by `RestoreObject`.
const WRITING_CALLS: [&str; 4] = ["PutObject", "CompleteMultipartUpload", "CopyObject", "PostObject"];

/// Of event notifications of Cloudflare R2, whose other actions are writing ones.
/// Source: Cloudflare R2 documentation, "Event notifications", supported event types.
const DELETING_ACTIONS: [&str; 2] = ["DeleteObject", "LifecycleDeletion"];

/// What an event means for this function.
pub(super) enum Change<'a> {
    /// The object can be read.
    Readable(Result<PhotoRequest>),
    /// The event is about S3, but no object became readable.
    Other,
    /// The event is not S3's: this detail of it can be an event of any type.
    OfDetail(&'a Value),
    /// The event is not about S3.
    Unknown,
}

pub(super) fn is_event(event: &Value) -> bool {
    event.get("detail-type").is_some() || event.get("detail").is_some_and(Value::is_object)
}

pub(super) fn change(event: &Value) -> Change<'_> {
    let detail = event.get("detail").unwrap_or(&Value::Null);
    match (text(event, "/source"), text(event, "/detail-type")) {
        (Some("aws.s3") | None, Some("Object Created" | "Object Restore Completed")) => {
            Change::Readable(created_photo(detail))
        }
        (Some("aws.s3") | None, Some("AWS API Call via CloudTrail")) => api_call(detail),
        (Some("aws.s3"), Some(_)) => Change::Other,
        (None, Some(kind)) if kind.starts_with("Object ") => Change::Other,
        // Other services have objects with such names that are not S3's.
        (Some(source), _) if source.starts_with("aws.") && source != "aws.s3" => Change::Unknown,
        _ => Change::OfDetail(detail),
    }
}

/// The `detail` of an event alone, or an object that is named as in one.
pub(super) fn detail_change(detail: &Value) -> Change<'_> {
    if text(detail, "/eventSource") == Some(API) {
        return api_call(detail);
    }
    let has = |name: &str| detail.get(name).is_some();
    // Without `detail-type`, the fields distinguish S3's events. Those about tags and access have neither of the last
    // two; those about storage classes have none.
    let is_s3_detail = has("request-id") || has("requester");
    let is_deletion =
        has("deletion-type") || text(detail, "/action").is_some_and(|action| DELETING_ACTIONS.contains(&action));
    let is_readable = !is_deletion && (!is_s3_detail || has("reason") || has("restore-expiry-time"));
    match named::photo(detail) {
        Some(photo) if is_readable => Change::Readable(photo),
        Some(_) => Change::Other,
        None => Change::Unknown,
    }
}

fn created_photo(detail: &Value) -> Result<PhotoRequest> {
    let missing = || {
        let reason = "the EventBridge event from S3 has no text in `bucket.name` or `object.key` of its `detail`";
        Err(Error::InvalidRequest(reason.to_owned()))
    };
    named::photo(detail).unwrap_or_else(missing)
}

fn api_call(detail: &Value) -> Change<'_> {
    let name = text(detail, "/eventName").unwrap_or_default();
    let is_s3 = text(detail, "/eventSource").is_none_or(|source| source == API);
    // A call that failed has an error code.
    if !is_s3 || !WRITING_CALLS.contains(&name) || text(detail, "/errorCode").is_some() {
        return Change::Other;
    }
    let what = "CloudTrail record";
    let photo = || {
        let object = Object {
            bucket: required(detail, "/requestParameters/bucketName", what)?,
            key: required(detail, "/requestParameters/key", what)?,
            version_id: version_id(text(detail, "/responseElements/x-amz-version-id")),
        };
        Ok(object.into())
    };
    Change::Readable(photo())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn detail() -> Value {
        json!({"bucket": {"name": "b"}, "object": {"key": "a+b %41.jpg", "size": 5, "version-id": "v"}})
    }

    fn key(event: &Value) -> Option<String> {
        assert!(is_event(event), "{event}");
        let change = match change(event) {
            Change::OfDetail(detail) => detail_change(detail),
            change => change,
        };
        match change {
            Change::Readable(photo) => Some(photo.unwrap().object.key),
            Change::Other => Some("other".to_owned()),
            Change::OfDetail(_) | Change::Unknown => None,
        }
    }

    #[test]
    fn created_and_restored_objects_are_taken() {
        for kind in ["Object Created", "Object Restore Completed"] {
            let event = json!({"version": "0", "detail-type": kind, "source": "aws.s3", "detail": detail()});
            assert_eq!(key(&event).as_deref(), Some("a+b %41.jpg"), "{kind}");
            let Change::Readable(Ok(photo)) = change(&event) else {
                panic!("{event}");
            };
            assert_eq!(photo.object.version_id.as_deref(), Some("v"));
        }
    }

    #[test]
    fn other_events_of_s3_are_ignored() {
        for kind in [
            "Object Deleted",
            "Object Restore Initiated",
            "Object Restore Expired",
            "Object Storage Class Changed",
            "Object Access Tier Changed",
            "Object ACL Updated",
            "Object Tags Added",
            "Object Tags Deleted",
        ] {
            for source in [json!("aws.s3"), Value::Null] {
                let event = json!({"detail-type": kind, "source": source, "detail": detail()});
                assert_eq!(key(&event).as_deref(), Some("other"), "{event}");
            }
        }
    }

    #[test]
    fn detail_is_enough_if_it_names_an_object() {
        assert_eq!(key(&json!({"detail": detail()})).as_deref(), Some("a+b %41.jpg"));
        let custom = json!({"detail-type": "photo", "source": "shop", "detail": {"bucket": "b", "key": "k"}});
        assert_eq!(key(&custom).as_deref(), Some("k"));
        for (name, value, expected) in [
            ("reason", "PutObject", "a+b %41.jpg"),
            ("restore-expiry-time", "2026-01-01T00:00:00Z", "a+b %41.jpg"),
            ("deletion-type", "Permanently Deleted", "other"),
            ("source-storage-class", "GLACIER", "other"),
            ("action", "LifecycleDeletion", "other"),
        ] {
            let mut detail = detail();
            detail["request-id"] = json!("N");
            detail[name] = json!(value);
            let event = json!({"detail": detail});
            assert_eq!(key(&event).as_deref(), Some(expected), "{event}");
        }
        for event in [
            json!({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}),
            json!({"detail-type": "Backup", "source": "aws.backup", "detail": detail()}),
            json!({"detail-type": "photo", "source": "shop", "detail": {"id": 1}}),
        ] {
            assert_eq!(key(&event), None, "{event}");
        }
    }

    #[test]
    fn calls_that_cloudtrail_recorded_name_their_object() {
        let event = |name: &str, error: Option<&str>| {
            json!({
                "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3",
                "detail": {
                    "eventSource": "s3.amazonaws.com", "eventName": name, "errorCode": error,
                    "requestParameters": {"bucketName": "b", "key": "a+b %41.jpg"}, "responseElements": null,
                },
            })
        };
        for name in WRITING_CALLS {
            let event = event(name, None);
            assert_eq!(key(&event).as_deref(), Some("a+b %41.jpg"), "{name}");
            let alone = json!({"detail": event["detail"]});
            assert_eq!(key(&alone).as_deref(), Some("a+b %41.jpg"), "{alone}");
        }
        assert_eq!(key(&event("PutObject", Some("AccessDenied"))).as_deref(), Some("other"));
        for name in [
            "DeleteObject",
            "GetObject",
            "CreateMultipartUpload",
            "RestoreObject",
            "PutObjectAcl",
        ] {
            assert_eq!(key(&event(name, None)).as_deref(), Some("other"), "{name}");
        }
        let mut incomplete = event("PutObject", None);
        incomplete["detail"]["requestParameters"] = json!({"bucketName": "b"});
        let Change::Readable(Err(error)) = change(&incomplete) else {
            panic!("{incomplete}");
        };
        assert!(error.to_string().contains("`requestParameters.key`"), "{error}");
    }
}
