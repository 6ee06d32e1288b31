//! HTTP requests through a function URL, API Gateway, a load balancer or VPC Lattice: what they want, and their photo.

use http::Method;
use serde_json::Value;

use super::accept::Accept;
use super::body::Body;
use super::http_event::{self, HttpSender};
use crate::error::{Error, Result};
use crate::options::RawOptions;

#[derive(Debug)]
pub struct HttpRequest {
    pub sender: HttpSender,
    pub method: Method,
    /// It may begin with a stage or a mapping of API Gateway.
    pub path: String,
    pub options: RawOptions,
    pub accept: Accept,
    /// The ETags that the client knows.
    pub if_none_match: Option<String>,
    pub body: Body,
}

/// The origin of the page that sent a request: a browser names it if the request is not from its own page.
pub fn origin(event: &Value) -> Option<String> {
    http_event::header(event, "origin")
}

pub(super) fn parse(mut event: Value, sender: HttpSender) -> Result<HttpRequest> {
    let invalid = |reason: String| Error::InvalidRequest(reason);
    let method = http_event::method(&event);
    let method = method.ok_or_else(|| invalid("the HTTP request has no method".to_owned()))?;
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|_| invalid(format!("`{method}` is not an HTTP method")))?;
    let content_type = http_event::header(&event, "content-type");
    let is_encoded = http_event::is_body_encoded(&event);
    // It can be large, so it is not copied.
    let body = event.get_mut("body").map(Value::take).unwrap_or_default();
    Ok(HttpRequest {
        sender,
        method,
        path: http_event::path(&event).to_owned(),
        options: http_event::query(&event, sender),
        accept: Accept::new(http_event::header(&event, "accept")),
        if_none_match: http_event::header(&event, "if-none-match"),
        body: Body::new(body, is_encoded, content_type.as_deref())?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::accept::ResponseFormat;
    use super::*;
    use crate::picture::PictureFormat;

    #[tokio::test]
    async fn request_is_the_same_in_every_payload_format() {
        let headers = json!({"Accept": "image/jpeg", "Content-Type": "image/png", "If-None-Match": "\"e\""});
        let multi = json!({"accept": ["image/jpeg"], "content-type": ["image/png"], "if-none-match": ["\"e\""]});
        let gateway = HttpSender::Gateway;
        let load_balancer = |multi_value_headers| HttpSender::LoadBalancer { multi_value_headers };
        for (mut event, sender) in [
            (
                json!({
                    "version": "2.0", "rawPath": "/a", "rawQueryString": "preset=fast", "headers": headers,
                    "requestContext": {"http": {"method": "POST", "path": "/a"}},
                }),
                gateway,
            ),
            (
                json!({
                    "version": "1.0", "path": "/a", "httpMethod": "POST", "headers": headers,
                    "multiValueHeaders": multi, "queryStringParameters": {"preset": "fast"},
                    "requestContext": {"stage": "prod", "path": "/prod/a", "httpMethod": "POST"},
                }),
                gateway,
            ),
            (
                json!({
                    "path": "/a", "httpMethod": "POST", "headers": headers,
                    "queryStringParameters": {"preset": "fast"}, "requestContext": {"elb": {}},
                }),
                load_balancer(false),
            ),
            (
                json!({
                    "path": "/a", "httpMethod": "POST", "multiValueHeaders": multi,
                    "multiValueQueryStringParameters": {"preset": ["fast"]}, "requestContext": {"elb": {}},
                }),
                load_balancer(true),
            ),
            (
                json!({
                    "version": "2.0", "path": "/a", "method": "POST", "headers": multi,
                    "queryStringParameters": {"preset": ["fast"]}, "requestContext": {"targetGroupArn": "arn"},
                }),
                HttpSender::Lattice,
            ),
            (
                json!({
                    "raw_path": "/a?preset=fast", "method": "POST", "headers": headers,
                    "query_string_parameters": {"preset": "fast"}, "is_base64_encoded": true,
                }),
                HttpSender::Lattice,
            ),
        ] {
            assert_eq!(HttpSender::of(&event), Some(sender), "{event}");
            event["body"] = json!("iVBO");
            if event.get("is_base64_encoded").is_none() {
                event["isBase64Encoded"] = json!(true);
            }
            let found = parse(event, sender).unwrap();
            assert_eq!((found.method, found.path.as_str()), (Method::POST, "/a"));
            assert_eq!(found.options, [("preset".to_owned(), "fast".to_owned())]);
            let format = found.accept.response_format(&[PictureFormat::JPEG]);
            assert_eq!(format, ResponseFormat::Picture(PictureFormat::JPEG));
            assert_eq!(found.if_none_match.as_deref(), Some("\"e\""));
            assert_eq!(found.body.photo().await.unwrap(), &b"\x89PN"[..]);
        }
    }

    #[test]
    fn method_is_required() {
        for (event, expected) in [
            (json!({"requestContext": {"http": 1}}), "no method"),
            (json!({"httpMethod": "NO METHOD"}), "`NO METHOD`"),
        ] {
            let error = parse(event, HttpSender::Gateway).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
