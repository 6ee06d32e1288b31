//! HTTP responses in the format that each sender takes. Binary bodies are in base64.
//! Source: AWS Lambda Developer Guide, "Invoking Lambda function URLs", response payload; Amazon API Gateway Developer
//! Guide, "Lambda proxy integrations", output format; User Guide for Application Load Balancers, "Use Lambda functions
//! as targets", response; Amazon VPC Lattice User Guide, "Lambda functions as targets", response.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderName};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json as value};

use super::outcome::ProcessedPhoto;
use super::serialized_size::MAX_RESPONSE_BYTES;
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::picture::PictureFile;
use crate::request::HttpSender;

const SMALLER_JPEG: &str = "set `oversized_jpeg` to `lower_quality`, or a lower `jpeg_quality`";
const SMALLER_PHOTO: &str = "no lower quality makes it fit; send a smaller photo, or request the answer without the \
                             picture, as `application/json`";

pub(super) const METHODS: &str = "GET, HEAD, POST";
/// The largest response of a target of a load balancer, in bytes.
const MAX_LOAD_BALANCER_BYTES: usize = 1024 * 1024;
/// The largest streamed response, in bytes.
/// Source: AWS Lambda Developer Guide, "Lambda quotas", streamed response.
const MAX_STREAMED_BYTES: usize = 200 * 1024 * 1024;
/// More than everything except the body of a response with a photo, in bytes.
const MAX_HEAD_BYTES: usize = 2048;

impl HttpSender {
    /// The size that it accepts, in bytes of JSON.
    pub(super) fn max_response_bytes(self) -> usize {
        match self {
            Self::Gateway | Self::Lattice => MAX_RESPONSE_BYTES,
            Self::StreamingGateway => MAX_STREAMED_BYTES,
            Self::LoadBalancer { .. } => MAX_LOAD_BALANCER_BYTES,
        }
    }
}

/// The size of the largest picture that a response can contain, in bytes.
pub fn max_picture_bytes(sender: HttpSender) -> usize {
    let bytes = sender.max_response_bytes() - MAX_HEAD_BYTES;
    if sender == HttpSender::StreamingGateway {
        bytes
    } else {
        bytes / 4 * 3
    }
}

#[derive(Debug)]
pub struct HttpResponse {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Body,
    pub(super) sender: HttpSender,
}

#[derive(Debug)]
pub(super) enum Body {
    Text(String),
    Base64(String),
    /// Only in streamed responses.
    Binary(Bytes),
}

pub fn json<A: Answer>(processed: &ProcessedPhoto<A>) -> HttpResponse {
    json_with_status(200, processed)
}

/// The picture, with the number of what the answer counts first as a header. `lowers_quality` is whether lower qualities
/// have been tried.
///
/// # Errors
/// The picture is missing, or too large for a response to `sender`.
pub fn picture<A: Answer>(
    picture: PictureFile,
    answer: &A,
    sender: HttpSender,
    lowers_quality: bool,
) -> Result<HttpResponse> {
    let content = picture.content?;
    let is_streamed = sender == HttpSender::StreamingGateway;
    let body_bytes = if is_streamed {
        content.len()
    } else {
        content.len().div_ceil(3) * 4
    };
    let (bytes, limit) = (body_bytes + MAX_HEAD_BYTES, sender.max_response_bytes());
    if bytes > limit {
        // Check before encoding, which would need as much memory again.
        return Err(Error::ResponseTooLarge {
            bytes,
            limit,
            remedy: if lowers_quality || !picture.format.has_quality {
                SMALLER_PHOTO.into()
            } else {
                SMALLER_JPEG.into()
            },
        });
    }
    let body = if is_streamed {
        Body::Binary(content)
    } else {
        Body::Base64(STANDARD.encode(content))
    };
    let headers = [(header::CONTENT_TYPE, picture.format.content_type)];
    let mut response = build(200, &headers, String::new());
    let count = count_header::<A>().zip(answer.counts().first().copied());
    response
        .headers
        .extend(count.map(|(name, number)| (name, number.to_string())));
    Ok(HttpResponse { body, ..response })
}

/// The name of the header with the number of what an answer counts first, such as `x-faces`.
pub(super) fn count_header<A: Answer>() -> Option<String> {
    let name = A::COUNTED.first()?.to_ascii_lowercase();
    let name = name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    Some(format!("x-{name}s"))
}

pub fn error_response(status: u16, error_type: &str, message: &str) -> HttpResponse {
    json_with_status(status, &value!({"error": {"type": error_type, "message": message}}))
}

fn json_with_status(status: u16, body: &impl Serialize) -> HttpResponse {
    let body = serde_json::to_value(body).unwrap_or(Value::Null);
    let headers = [(header::CONTENT_TYPE, "application/json")];
    build(status, &headers, body.to_string())
}

/// Responses that may be cached say how; others are not stored, and depend on `Accept`.
pub(super) fn build(status: u16, headers: &[(HeaderName, &str)], body: String) -> HttpResponse {
    let is_cacheable = headers.iter().any(|(name, _)| *name == header::CACHE_CONTROL);
    let uncached = [(header::CACHE_CONTROL, "no-store"), (header::VARY, "accept")];
    let uncached = uncached.iter().filter(|_| !is_cacheable);
    let sniffing = (header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let allowed = (status == 405).then_some((header::ALLOW, METHODS));
    let all = headers.iter().chain(uncached).chain([&sniffing]).chain(&allowed);
    HttpResponse {
        status,
        headers: all.map(|(name, text)| (name.to_string(), (*text).to_owned())).collect(),
        body: Body::Text(body),
        sender: HttpSender::Gateway,
    }
}

impl HttpResponse {
    /// In the format that `sender` takes.
    #[must_use]
    pub fn to_sender(self, sender: HttpSender) -> Self {
        Self { sender, ..self }
    }

    /// The response to `HEAD` has the headers only.
    #[must_use]
    pub fn without_body(self) -> Self {
        Self {
            body: Body::Text(String::new()),
            ..self
        }
    }
}

impl Serialize for HttpResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("statusCode", &self.status)?;
        if let HttpSender::LoadBalancer { .. } = self.sender {
            let reason = StatusCode::from_u16(self.status).ok();
            let reason = reason.and_then(|status| status.canonical_reason()).unwrap_or_default();
            map.serialize_entry("statusDescription", &format!("{} {reason}", self.status))?;
        }
        match self.sender {
            HttpSender::LoadBalancer {
                multi_value_headers: true,
            } => {
                let headers: BTreeMap<_, _> = self.headers.iter().map(|(name, text)| (name, [text])).collect();
                map.serialize_entry("multiValueHeaders", &headers)?;
            }
            _ => map.serialize_entry("headers", &self.headers)?,
        }
        match &self.body {
            Body::Text(text) | Body::Base64(text) => map.serialize_entry("body", text)?,
            Body::Binary(bytes) => map.serialize_entry("body", &STANDARD.encode(bytes))?,
        }
        map.serialize_entry("isBase64Encoded", &!matches!(self.body, Body::Text(_)))?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Things;
    use super::super::{Response, limit_size};
    use super::*;
    use crate::picture::PictureFormat;

    fn jpeg(bytes: usize) -> PictureFile {
        PictureFile {
            name: "annotated".into(),
            format: PictureFormat::JPEG,
            content: Ok(vec![0xff; bytes].into()),
        }
    }

    fn to_json(response: HttpResponse) -> Value {
        serde_json::to_value(response).unwrap()
    }

    #[test]
    fn picture_is_base64_within_lambdas_size_limit() {
        let sender = HttpSender::Gateway;
        let response = to_json(picture(jpeg(2), &Things::new(3), sender, false).unwrap());
        assert_eq!(response["body"], "//8=");
        assert_eq!(response["isBase64Encoded"], true);
        assert_eq!(response["headers"]["x-things"], "3");
        // The rest of the response counts as well.
        let largest = max_picture_bytes(sender);
        let response = picture(jpeg(largest), &Things::new(0), sender, false).unwrap();
        limit_size(Response::<Things>::Http(response), "").unwrap();
        for (lowers_quality, remedy) in [(false, "`lower_quality`"), (true, "a smaller photo")] {
            let error = picture(jpeg(largest + 1), &Things::new(0), sender, lowers_quality).unwrap_err();
            assert_eq!((error.name(), error.status()), ("ResponseTooLarge", 413));
            let message = error.to_string();
            assert!(message.contains(remedy), "{message}");
            assert_eq!(message.contains("oversized_jpeg"), !lowers_quality, "{message}");
        }
    }

    #[test]
    fn count_is_in_a_header_with_a_valid_name() {
        #[derive(Clone, Debug, Serialize)]
        struct RedEyes {}

        impl Answer for RedEyes {
            const COUNTED: &'static [&'static str] = &["Red eye", "face"];
        }

        assert_eq!(count_header::<RedEyes>().as_deref(), Some("x-red-eyes"));
        assert_eq!(count_header::<Things>().as_deref(), Some("x-things"));
    }

    #[test]
    fn error_type_is_in_the_body() {
        let response = to_json(error_response(400, "InvalidOption", "no"));
        assert_eq!(response["statusCode"], 400);
        let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["error"]["type"], "InvalidOption");
    }

    #[test]
    fn load_balancers_get_their_own_fields() {
        let response = |multi_value_headers| {
            let response =
                error_response(404, "NotFound", "no").to_sender(HttpSender::LoadBalancer { multi_value_headers });
            to_json(response)
        };
        let single = response(false);
        assert_eq!(single["statusDescription"], "404 Not Found");
        assert_eq!(single["headers"]["content-type"], "application/json");
        assert!(single.get("multiValueHeaders").is_none());
        let multi = response(true);
        assert_eq!(multi["statusDescription"], "404 Not Found");
        assert_eq!(multi["multiValueHeaders"]["content-type"], value!(["application/json"]));
        assert!(multi.get("headers").is_none());
        let gateway = to_json(error_response(404, "NotFound", "no"));
        assert!(gateway.get("statusDescription").is_none());
    }

    #[test]
    fn load_balancers_accept_less() {
        let sender = HttpSender::LoadBalancer {
            multi_value_headers: false,
        };
        let (allowed, too_large) = (jpeg(max_picture_bytes(sender)), jpeg(786_433));
        let response = picture(allowed, &Things::new(0), sender, false)
            .unwrap()
            .to_sender(sender);
        limit_size(Response::<Things>::Http(response), "").unwrap();
        let error = picture(too_large.clone(), &Things::new(0), sender, false).unwrap_err();
        assert!(error.to_string().contains("1048576"), "{error}");
        picture(too_large, &Things::new(0), HttpSender::Gateway, false).unwrap();
    }
}
