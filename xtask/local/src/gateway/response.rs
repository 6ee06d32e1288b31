//! Converts a function's result to an HTTP response: that of payload format 2.0, or a streamed one, which is the status
//! and headers as JSON, eight zero bytes, and the body.
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>
//! <https://docs.aws.amazon.com/lambda/latest/dg/response-streaming-tutorial.html>

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, SET_COOKIE};
use hyper::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionResponse {
    status_code: u16,
    headers: Option<BTreeMap<String, String>>,
    cookies: Option<Vec<String>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

/// Between the head and the body of a streamed response.
const STREAM_SEPARATOR: [u8; 8] = [0; 8];

/// `largest` is the limit of Lambda for a response that is not streamed, in bytes.
pub fn response(function_response: &[u8], largest: usize) -> Result<Response<Full<Bytes>>> {
    // JSON contains no zero byte.
    let mut parts = function_response.windows(STREAM_SEPARATOR.len());
    if let Some(at) = parts.position(|part| part == STREAM_SEPARATOR) {
        let (head, body) = function_response.split_at(at);
        let head = serde_json::from_slice(head).context("the head of the stream is malformed")?;
        return complete(head, body[STREAM_SEPARATOR.len()..].to_vec());
    }
    let size = function_response.len();
    ensure!(size <= largest, "it has {size} bytes");
    let value: Value = serde_json::from_slice(function_response).context("it is not JSON")?;
    ensure!(value.get("errorType").is_none(), "it is an error: {value}");
    if value.get("statusCode").is_none() {
        // A result without a status code is the body, as the payload format requires.
        return Ok(Response::builder()
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::copy_from_slice(function_response).into())?);
    }
    let mut function_response: FunctionResponse = serde_json::from_value(value).context("it is malformed")?;
    let mut body = function_response.body.take().unwrap_or_default().into_bytes();
    if function_response.is_base64_encoded == Some(true) {
        let decoded = BASE64_STANDARD.decode(&body);
        body = decoded.context("its body is not in base64")?;
    }
    complete(function_response, body)
}

fn complete(function_response: FunctionResponse, body: Vec<u8>) -> Result<Response<Full<Bytes>>> {
    let headers = function_response.headers.unwrap_or_default();
    let mut response = Response::builder().status(function_response.status_code);
    let typed = |name: &String| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str());
    if !headers.keys().any(typed) {
        response = response.header(CONTENT_TYPE, "application/json");
    }
    for (name, value) in headers {
        response = response.header(name, value);
    }
    for cookie in function_response.cookies.unwrap_or_default() {
        response = response.header(SET_COOKIE, cookie);
    }
    response
        .body(Bytes::from(body).into())
        .context("it is not a valid HTTP response")
}

/// Lambda's response after a failure of the function.
pub fn bad_gateway() -> Response<Full<Bytes>> {
    let mut response = Response::new(Bytes::from_static(b"Internal Server Error").into());
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

/// Lambda's response to a request of more than `largest` bytes.
pub fn too_large(largest: usize) -> Response<Full<Bytes>> {
    let message = format!("Exceeded maximum allowed payload size ({largest} bytes).");
    let body = json!({"Message": message}).to_string();
    let mut response = Response::new(Bytes::from(body).into());
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    /// A response's status, headers and body.
    type Parts = (u16, Vec<(String, String)>, Vec<u8>);

    fn parts_of(function_response: &Value) -> Result<Parts> {
        parts_of_bytes(function_response.to_string().as_bytes())
    }

    fn parts_of_bytes(function_response: &[u8]) -> Result<Parts> {
        let response = response(function_response, 1000)?;
        let headers = response.headers().iter().map(|(name, value)| {
            let value = value.to_str().unwrap().to_owned();
            (name.to_string(), value)
        });
        let (status, mut headers) = (response.status().as_u16(), headers.collect::<Vec<_>>());
        headers.sort();
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let body = runtime.block_on(response.into_body().collect())?;
        Ok((status, headers, body.to_bytes().to_vec()))
    }

    fn header(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_function_response_sets_status_headers_and_body() {
        let function_response = json!({
            "statusCode": 415,
            "headers": {"Content-Type": "image/jpeg", "Cache-Control": "no-store"},
            "cookies": ["a=1", "b=2; Secure"],
            "body": "/9g=",
            "isBase64Encoded": true,
        });
        let headers = vec![
            header("cache-control", "no-store"),
            header("content-type", "image/jpeg"),
            header("set-cookie", "a=1"),
            header("set-cookie", "b=2; Secure"),
        ];
        assert_eq!(
            parts_of(&function_response).unwrap(),
            (415, headers, b"\xff\xd8".to_vec())
        );
    }

    #[test]
    fn a_streamed_response_has_its_head_before_its_body() {
        let head = br#"{"statusCode":200,"headers":{"content-type":"image/jpeg"},"cookies":[]}"#;
        let body = [&b"\xff\xd8\0\0\0\0\0\0\0\0\0"[..], &[7; 2000]].concat();
        let stream = [&head[..], &STREAM_SEPARATOR, &body].concat();
        let headers = vec![header("content-type", "image/jpeg")];
        assert_eq!(parts_of_bytes(&stream).unwrap(), (200, headers, body));
        let malformed = [&b"{}"[..], &STREAM_SEPARATOR].concat();
        assert!(parts_of_bytes(&malformed).is_err());
    }

    #[test]
    fn missing_response_fields_have_defaults() {
        let json = vec![header("content-type", "application/json")];
        let function_response = json!({"statusCode": 204, "body": null});
        assert_eq!(parts_of(&function_response).unwrap(), (204, json.clone(), Vec::new()));
        for function_response in [json!({"faces": []}), json!("hello"), json!(null)] {
            let body = function_response.to_string().into_bytes();
            assert_eq!(parts_of(&function_response).unwrap(), (200, json.clone(), body));
        }
    }

    #[test]
    fn invalid_function_responses_are_rejected() {
        for function_response in [
            json!({"errorType": "NotAnImage", "errorMessage": "not an image"}),
            json!({"statusCode": "200"}),
            json!({"statusCode": 99}),
            json!({"statusCode": 200, "body": {"faces": []}}),
            json!({"statusCode": 200, "body": "?", "isBase64Encoded": true}),
            json!({"statusCode": 200, "headers": {"a b": "c"}}),
            json!({"statusCode": 200, "headers": {"a": "b\nc"}}),
        ] {
            assert!(parts_of(&function_response).is_err(), "{function_response}");
        }
        assert!(parts_of_bytes(b"").is_err());
        assert!(parts_of_bytes(&[b' '; 1001]).is_err());
    }
}
