//! The ways in which a file is sent to the function, and their events.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A `POST` with a response in JSON.
    Json,
    /// The same, with the options that find the most faces.
    MostFaces,
    /// A `POST` whose response is the annotated photo.
    Jpeg,
    /// An object in S3, with the annotated photo beside it.
    Annotated,
    /// An object in S3, with the boxes as JSON beside it.
    Sidecar,
}

impl Transport {
    pub const DEFAULT: &'static [Self] = &[Self::Json, Self::Annotated];

    pub fn is_http(self) -> bool {
        matches!(self, Self::Json | Self::MostFaces | Self::Jpeg)
    }

    /// Whether an event with the file is within Lambda's limit.
    pub fn accepts(self, file: &[u8]) -> bool {
        const EVENT: usize = 6 * 1024 * 1024 - 4096;
        !self.is_http() || file.len().div_ceil(3) * 4 <= EVENT
    }

    /// An event with a file, which is also the object `key` of `bucket`.
    pub fn event(self, bucket: &str, key: &str, file: &[u8]) -> Value {
        let stored = |output: &str| {
            let options = json!({"output": output});
            json!({"BUCKET_NAME": bucket, "S3_KEY": key, "options": options})
        };
        match self {
            Self::Json => post_event(file, "application/json", ""),
            Self::MostFaces => post_event(file, "application/json", "preset=accurate&score=0.3"),
            Self::Jpeg => post_event(file, "image/jpeg", ""),
            Self::Annotated => stored("annotated"),
            Self::Sidecar => stored("sidecar"),
        }
    }
}

/// The event of a `POST` to the function's URL.
pub fn post_event(file: &[u8], accept: &str, query: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": query,
        "headers": {"accept": accept, "content-type": "application/octet-stream"},
        "requestContext": {
            "timeEpoch": 1, "http": {"method": "POST", "path": "/"},
        },
        "body": STANDARD.encode(file), "isBase64Encoded": true,
    })
}
