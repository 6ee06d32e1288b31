//! Shared by all event parsers: what an event names, access to its fields, and errors.
//!
//! Fields that this function does not need are never required: events that people and other tools make lack many of
//! them, and AWS adds and drops some.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::options::RawOptions;
use crate::truncate::truncate;

/// Errors quote the input up to this length.
pub(super) const MAX_QUOTED_CHARS: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub bucket: String,
    /// Without URL encoding.
    pub key: String,
    /// `None` for the latest version.
    pub version_id: Option<String>,
}

impl Object {
    /// Whether it marks a folder: S3's console creates such an empty object for one.
    pub fn is_folder(&self) -> bool {
        self.key.ends_with('/')
    }
}

/// A photo that an event names.
#[derive(Clone, Debug)]
pub struct PhotoRequest {
    pub object: Object,
    /// Those of the part of the event that names the object; `None` if it has none.
    pub options: Option<RawOptions>,
    /// Whether that part is an event of the Python original.
    pub is_direct: bool,
    /// Whether the object was deleted, in a bucket that keeps earlier versions.
    pub is_delete_marker: bool,
}

impl PhotoRequest {
    /// Whether the object is neither a folder nor a delete marker.
    pub(super) fn has_content(&self) -> bool {
        !self.object.is_folder() && !self.is_delete_marker
    }
}

impl From<Object> for PhotoRequest {
    fn from(object: Object) -> Self {
        Self {
            object,
            options: None,
            is_direct: false,
            is_delete_marker: false,
        }
    }
}

/// A record that cannot be read is an error of its own, so that it does not affect the others.
pub type PhotoRequests = Vec<Result<PhotoRequest>>;

/// The text at a JSON pointer; `None` for other types.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// The first text at one of the JSON pointers.
pub(super) fn first_text<'a>(value: &'a Value, pointers: &[&str]) -> Option<&'a str> {
    pointers.iter().find_map(|pointer| text(value, pointer))
}

/// A text that is not empty at a JSON pointer. `what` is the type of the event.
pub(super) fn required(value: &Value, pointer: &str, what: &str) -> Result<String> {
    let found = text(value, pointer).filter(|text| !text.is_empty());
    found.map(str::to_owned).ok_or_else(|| {
        let field = pointer.trim_start_matches('/').replace('/', ".");
        Error::InvalidRequest(format!("the {what} has no text in `{field}`"))
    })
}

/// S3 encodes keys in events like form fields: `+` is a space.
pub(super) fn decode_key(key: &str) -> Result<String> {
    let spaced = key.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| {
        let key = truncate(key, MAX_QUOTED_CHARS);
        Error::InvalidRequest(format!("the key `{key}` is not URL-encoded UTF-8"))
    })
}

/// In a bucket without versioning the version is `null` or missing.
pub(super) fn version_id(id: Option<&str>) -> Option<String> {
    let id = id.filter(|id| !id.is_empty() && *id != "null");
    id.map(str::to_owned)
}

pub(super) fn unknown_event(description: &str) -> Error {
    Error::UnknownEvent(format!(
        "unsupported event: {description}. Supported are S3 notifications, also in SNS, SQS, EventBridge and \
         EventBridge Pipes; records of failed invocations with one of these; objects with `bucket` and `key`; tasks \
         of S3 Batch Operations (1.0 and 2.0); items of a distributed map in Step Functions; HTTP requests from a \
         function URL, API Gateway (payload formats 1.0 and 2.0), a load balancer or VPC Lattice; and events with \
         `BUCKET_NAME` and `S3_KEY`, which can also be set in the environment"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_like_form_fields() {
        assert_eq!(decode_key("caf%C3%A9/my+photo%2B1.jpg").unwrap(), "café/my photo+1.jpg");
        let message = decode_key("%ff.jpg").unwrap_err().to_string();
        assert!(message.contains("%ff.jpg"), "{message}");
        let message = decode_key(&"%ff".repeat(1_000_000)).unwrap_err().to_string();
        assert!(message.len() < 500, "{}", message.len());
    }

    #[test]
    fn null_is_no_version() {
        assert_eq!(version_id(Some("v1")).as_deref(), Some("v1"));
        for id in [None, Some(""), Some("null")] {
            assert_eq!(version_id(id), None);
        }
    }
}
