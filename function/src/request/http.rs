//! HTTP requests through a function URL or API Gateway, in payload format 2.0.
//! Source: AWS Lambda Developer Guide, "Invoking Lambda function URLs", request payload.

use aws_lambda_events::event::lambda_function_urls::LambdaFunctionUrlRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use headers_accept::Accept;
use http::{HeaderMap, Method, header};
use mediatype::MediaType;
use mediatype::names::{APPLICATION, IMAGE, JPEG, JSON};
use multer::Multipart;
use serde_json::Value;

use super::common::deserialize;
use crate::error::{Error, Result};
use crate::options::RawOptions;

#[derive(Debug)]
pub struct HttpRequest {
    pub method: Method,
    /// The path without the stage of an API in API Gateway.
    pub path: String,
    pub options: RawOptions,
    pub response_format: ResponseFormat,
    pub body: Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseFormat {
    Json,
    Jpeg,
    NotAcceptable,
}

#[derive(Debug)]
pub struct Body {
    bytes: Bytes,
    /// The boundary between the parts of `multipart/form-data`.
    boundary: Option<String>,
}

impl Body {
    /// The body itself, or the first file in the form.
    pub async fn photo(self) -> Result<Bytes> {
        let Some(boundary) = self.boundary else {
            if self.bytes.is_empty() {
                return Err(no_photo("the request body is empty"));
            }
            return Ok(self.bytes);
        };
        let body = stream::iter([Ok::<_, std::convert::Infallible>(self.bytes)]);
        let mut form = Multipart::new(body, boundary);
        let invalid_form = |error| Error::InvalidRequest(format!("failed to parse the form: {error}"));
        while let Some(part) = form.next_field().await.map_err(invalid_form)? {
            let is_image = part.content_type().is_some_and(|kind| kind.type_() == "image");
            if part.file_name().is_some() || is_image {
                let bytes = part.bytes().await.map_err(invalid_form)?;
                if bytes.is_empty() {
                    return Err(no_photo("the form's file is empty"));
                }
                return Ok(bytes);
            }
        }
        Err(no_photo("the form has no file"))
    }
}

fn no_photo(reason: &str) -> Error {
    Error::InvalidRequest(format!("{reason}; send a JPEG, PNG or WebP file"))
}

pub(super) fn parse(event: Value) -> Result<HttpRequest> {
    // Only API Gateway has stages; the type below is that of function URLs, which lacks the field.
    let stage = event.pointer("/requestContext/stage");
    let stage = stage.and_then(Value::as_str).unwrap_or_default().to_owned();
    let event: LambdaFunctionUrlRequest = deserialize(event, "HTTP request in payload format 2.0")?;
    let http = event.request_context.http;
    let invalid = |reason: String| Error::InvalidRequest(reason);
    let method = http.method.as_deref().unwrap_or_default();
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|_| invalid(format!("`{method}` is not an HTTP method")))?;
    let text = event.body.unwrap_or_default();
    let bytes = if event.is_base64_encoded {
        let decoded = STANDARD.decode(text.as_bytes());
        decoded.map_err(|error| invalid(format!("the body is not valid base64: {error}")))?
    } else {
        text.into_bytes()
    };
    let query = event.raw_query_string.unwrap_or_default();
    let options = form_urlencoded::parse(query.as_bytes());
    Ok(HttpRequest {
        method,
        path: strip_stage(&stage, event.raw_path.or(http.path).unwrap_or_default()),
        options: options.into_owned().collect(),
        response_format: response_format(&event.headers),
        body: Body {
            bytes: bytes.into(),
            boundary: boundary(&event.headers),
        },
    })
}

/// API Gateway prepends the stage to the path, unless the API has a custom domain name.
fn strip_stage(stage: &str, path: String) -> String {
    let rest = path.strip_prefix('/').and_then(|rest| rest.strip_prefix(stage));
    match rest {
        Some("") => "/".to_owned(),
        Some(rest) if rest.starts_with('/') && !stage.is_empty() => rest.to_owned(),
        _ => path,
    }
}

/// Negotiates by `Accept`; of equal preferences the first wins. JSON without the header.
fn response_format(headers: &HeaderMap) -> ResponseFormat {
    const APPLICATION_JSON: MediaType = MediaType::new(APPLICATION, JSON);
    const IMAGE_JPEG: MediaType = MediaType::new(IMAGE, JPEG);
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    let accept = accept.filter(|text| !text.trim().is_empty());
    // A malformed header counts as absent.
    let Some(accept): Option<Accept> = accept.and_then(|text| text.parse().ok()) else {
        return ResponseFormat::Json;
    };
    match accept.negotiate(&[APPLICATION_JSON, IMAGE_JPEG]) {
        Some(kind) if *kind == IMAGE_JPEG => ResponseFormat::Jpeg,
        Some(_) => ResponseFormat::Json,
        None => ResponseFormat::NotAcceptable,
    }
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    multer::parse_boundary(kind).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(headers: &Value, body: Option<&str>, encoded: bool) -> Value {
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "preset=accurate&min_face=4%30",
            "headers": headers, "body": body, "isBase64Encoded": encoded,
            "requestContext": {
                "accountId": "anonymous", "apiId": "a", "domainName": "d", "domainPrefix": "a",
                "requestId": "i", "routeKey": "$default", "stage": "$default",
                "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1,
                "http": {"method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test"},
            },
        })
    }

    async fn photo(headers: Value, body: &[u8]) -> Result<Bytes> {
        let body = STANDARD.encode(body);
        parse(event(&headers, Some(&body), true))?.body.photo().await
    }

    #[tokio::test]
    async fn photo_is_read_from_base64_plain_or_multipart_bodies() {
        let found = photo(json!({"content-type": "image/png"}), b"\x89PNG").await;
        assert_eq!(found.unwrap(), &b"\x89PNG"[..]);

        let plain = parse(event(&json!({}), Some("text"), false)).unwrap();
        assert_eq!(plain.body.photo().await.unwrap(), &b"text"[..]);

        let form = b"--x\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\nme\r\n\
            --x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n\
            Content-Type: image/jpeg\r\n\r\n\xff\xd8\r\n\xff\r\n--x--\r\n";
        let headers = json!({"content-type": "multipart/form-data; boundary=x"});
        let found = photo(headers.clone(), form).await.unwrap();
        assert_eq!(found, &b"\xff\xd8\r\n\xff"[..]);

        for (headers, body) in [
            (json!({}), &b""[..]),
            (headers.clone(), b"--x--\r\n"),
            (headers.clone(), b"no form"),
            (headers, &form[..120]),
        ] {
            let error = photo(headers, body).await.unwrap_err();
            assert_eq!(error.name(), "InvalidRequest");
        }
    }

    #[test]
    fn invalid_base64_is_refused() {
        let error = parse(event(&json!({}), Some("%%"), true)).unwrap_err();
        assert!(error.to_string().contains("base64"), "{error}");
    }

    #[test]
    fn query_string_is_decoded() {
        let found = parse(event(&json!({}), None, false)).unwrap();
        let expected = [("preset", "accurate"), ("min_face", "40")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(found.options, expected);
        assert_eq!(found.method, Method::POST);
    }

    #[test]
    fn api_stage_is_stripped_from_the_path() {
        for (stage, path, expected) in [
            ("$default", "/", "/"),
            ("prod", "/prod", "/"),
            ("prod", "/prod/", "/"),
            ("prod", "/prod/faces", "/faces"),
            ("prod", "/production", "/production"),
            ("", "//", "//"),
            ("", "", ""),
        ] {
            assert_eq!(strip_stage(stage, path.to_owned()), expected, "{stage} {path}");
        }
    }

    #[test]
    fn accept_header_selects_the_response_format() {
        for (accept, expected) in [
            (None, ResponseFormat::Json),
            (Some("*/*"), ResponseFormat::Json),
            (Some("application/json"), ResponseFormat::Json),
            (Some("image/jpeg"), ResponseFormat::Jpeg),
            (Some("image/*"), ResponseFormat::Jpeg),
            (Some("application/json;q=0.5, image/jpeg"), ResponseFormat::Jpeg),
            (Some("image/jpeg;q=0.1, application/json"), ResponseFormat::Json),
            (Some("text/html"), ResponseFormat::NotAcceptable),
            (Some("image/jpeg;q=0, */*"), ResponseFormat::Json),
            (Some("image/jpeg, application/json"), ResponseFormat::Jpeg),
            (Some("application/json, image/jpeg"), ResponseFormat::Json),
            (Some(""), ResponseFormat::Json),
            (Some("no media type"), ResponseFormat::Json),
        ] {
            let mut headers = HeaderMap::new();
            let value = accept.map(http::HeaderValue::try_from);
            if let Some(Ok(value)) = value {
                headers.insert(header::ACCEPT, value);
            }
            assert_eq!(response_format(&headers), expected, "{accept:?}");
        }
    }
}
