//! Converts an HTTP request to an event of payload format 2.0.
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use serde_json::{Map, Value, json};
use time::UtcDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

/// Content types whose bodies are not encoded in base64, in addition to `text/*`. AWS does not document them; these were
/// found by requests to a real API: <https://github.com/ministackorg/ministack/pull/766>.
const TEXT_CONTENT_TYPES: [&str; 3] = ["application/json", "application/javascript", "application/xml"];

/// Lambda's, such as `12/Mar/2026:19:03:58 +0000`.
const TIME_FORMAT: StaticFormatDescription =
    format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");

pub struct RequestOrigin {
    pub address: IpAddr,
    pub time: UtcDateTime,
    pub number: u64,
}

impl RequestOrigin {
    pub fn now(address: IpAddr) -> Self {
        static REQUESTS: AtomicU64 = AtomicU64::new(1);
        Self {
            address,
            time: UtcDateTime::now(),
            number: REQUESTS.fetch_add(1, Ordering::Relaxed),
        }
    }
}

pub fn event(request: &Request<Bytes>, origin: &RequestOrigin) -> Value {
    let (uri, body) = (request.uri(), request.body());
    let query = uri.query().unwrap_or_default();
    let host = header_value(request, HOST.as_str());
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": uri.path(),
        "rawQueryString": query,
        "headers": headers(request),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": host.split(['.', ':']).next(),
            "http": {
                "method": request.method().as_str(),
                "path": uri.path(),
                "protocol": format!("{:?}", request.version()),
                "sourceIp": origin.address,
                "userAgent": header_value(request, USER_AGENT.as_str()),
            },
            "requestId": format!("00000000-0000-4000-8000-{:012x}", origin.number),
            "routeKey": "$default",
            "stage": "$default",
            "time": origin.time.format(TIME_FORMAT).unwrap_or_default(),
            "timeEpoch": i64::try_from(origin.time.unix_timestamp_nanos() / 1_000_000).ok(),
        },
        "isBase64Encoded": false,
    });
    let cookies = header_value(request, COOKIE.as_str());
    if !cookies.is_empty() {
        event["cookies"] = cookies.split("; ").collect();
    }
    let mut parameters = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        insert_joined(&mut parameters, &name, &value);
    }
    if !parameters.is_empty() {
        event["queryStringParameters"] = parameters.into();
    }
    if !body.is_empty() {
        // Bytes that are not UTF-8 would be lost in a string, even if the content type is a text.
        let text = is_text(request).then(|| std::str::from_utf8(body).ok());
        event["isBase64Encoded"] = text.flatten().is_none().into();
        event["body"] = match text.flatten() {
            Some(text) => text.into(),
            None => BASE64_STANDARD.encode(body).into(),
        };
    }
    event
}

fn headers(request: &Request<Bytes>) -> Map<String, Value> {
    let mut headers = Map::new();
    for (name, value) in request.headers() {
        if name != COOKIE {
            let value = String::from_utf8_lossy(value.as_bytes());
            insert_joined(&mut headers, name.as_str(), &value);
        }
    }
    headers
}

/// Adds a value; several values with the same name are joined by commas.
fn insert_joined(map: &mut Map<String, Value>, name: &str, value: &str) {
    let joined = match map.get(name).and_then(Value::as_str) {
        Some(before) => format!("{before},{value}"),
        None => value.to_owned(),
    };
    map.insert(name.to_owned(), joined.into());
}

fn header_value<'a>(request: &'a Request<Bytes>, name: &str) -> &'a str {
    let value = request.headers().get(name).map(|value| value.to_str());
    value.and_then(Result::ok).unwrap_or_default()
}

fn is_text(request: &Request<Bytes>) -> bool {
    let kind = header_value(request, CONTENT_TYPE.as_str());
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    !request.headers().contains_key(CONTENT_ENCODING)
        && (kind.starts_with("text/") || TEXT_CONTENT_TYPES.contains(&kind.as_str()))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn event_of(uri: &str, headers: &[(&str, &str)], body: &'static [u8]) -> Value {
        let mut request = Request::post(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let origin = RequestOrigin {
            address: Ipv4Addr::LOCALHOST.into(),
            time: UtcDateTime::from_unix_timestamp(1_583_953_438).unwrap(),
            number: 26,
        };
        event(&request.body(body.into()).unwrap(), &origin)
    }

    #[test]
    fn binary_bodies_are_base64_with_headers_and_query() {
        let headers = [
            ("Host", "abc.lambda-url.example:80"),
            ("Content-Type", "image/jpeg"),
            ("Accept", "image/jpeg"),
            ("accept", "application/json"),
            ("User-Agent", "curl"),
        ];
        let event = event_of("/a%20b?preset=balanced&x=1&x=a+b", &headers, b"\xff\xd8");
        assert_eq!(
            event,
            json!({
                "version": "2.0",
                "routeKey": "$default",
                "rawPath": "/a%20b",
                "rawQueryString": "preset=balanced&x=1&x=a+b",
                "queryStringParameters": {"preset": "balanced", "x": "1,a b"},
                "headers": {
                    "host": "abc.lambda-url.example:80",
                    "content-type": "image/jpeg",
                    "accept": "image/jpeg,application/json",
                    "user-agent": "curl",
                },
                "requestContext": {
                    "accountId": "anonymous",
                    "apiId": "local",
                    "domainName": "abc.lambda-url.example:80",
                    "domainPrefix": "abc",
                    "http": {
                        "method": "POST",
                        "path": "/a%20b",
                        "protocol": "HTTP/1.1",
                        "sourceIp": "127.0.0.1",
                        "userAgent": "curl",
                    },
                    "requestId": "00000000-0000-4000-8000-00000000001a",
                    "routeKey": "$default",
                    "stage": "$default",
                    "time": "11/Mar/2020:19:03:58 +0000",
                    "timeEpoch": 1_583_953_438_000_i64,
                },
                "isBase64Encoded": true,
                "body": "/9g=",
            })
        );
    }

    #[test]
    fn text_bodies_stay_text_unless_encoded_or_invalid() {
        let body = |kind: &str, coding: Option<&str>, body| {
            let mut headers = vec![("content-type", kind)];
            headers.extend(coding.map(|coding| ("content-encoding", coding)));
            let event = event_of("/", &headers, body);
            (event["body"].clone(), event["isBase64Encoded"] == true)
        };
        let plain = (json!("{}"), false);
        assert_eq!(body("Application/JSON; charset=utf-8", None, b"{}"), plain);
        assert_eq!(body("text/x-anything", None, b"{}"), plain);
        let encoded = (json!("e30="), true);
        assert_eq!(body("application/json", Some("gzip"), b"{}"), encoded);
        assert_eq!(body("application/jsonlines", None, b"{}"), encoded);
        // What curl sends for `--data-binary @photo.jpg`.
        assert_eq!(body("application/x-www-form-urlencoded", None, b"{}"), encoded);
        assert_eq!(body("text/plain", None, b"\xff"), (json!("/w=="), true));
    }

    #[test]
    fn absent_fields_are_omitted() {
        let event = event_of("/", &[], b"");
        for name in ["body", "cookies", "queryStringParameters"] {
            assert!(event.get(name).is_none(), "{event}");
        }
        assert_eq!(event["isBase64Encoded"], false);
    }

    #[test]
    fn cookies_are_not_in_headers() {
        let event = event_of("/", &[("cookie", "a=1; b=2")], b"");
        assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
        assert_eq!(event["headers"], json!({}));
    }
}
