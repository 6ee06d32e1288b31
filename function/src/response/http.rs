//! HTTP responses, with the fields that payload formats 1.0 and 2.0 have in common. Binary bodies are in base64.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderName};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::{Value, json as value};

use super::outcome::ProcessedPhoto;
use super::serialized_size::MAX_RESPONSE_BYTES;
use crate::error::{Error, Result};

const PAGE: &str = include_str!("../page.html");
/// Permits only the page's own script and style, identified by their digests, and requests to this function; no other
/// site may frame the page.
static CSP: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src blob: data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        csp_source(SCRIPT_TAGS),
        csp_source(STYLE_TAGS)
    )
});
const SCRIPT_TAGS: [&str; 2] = ["<script type=\"module\">", "</script>"];
const STYLE_TAGS: [&str; 2] = ["<style>", "</style>"];

pub(super) const REMEDY: &str = "set a higher `score` or a larger `min_face` for fewer faces, or a lower \
                                 `jpeg_quality` for a smaller annotated photo";

/// The number of faces in the annotated photo.
const X_FACES: HeaderName = HeaderName::from_static("x-faces");

/// Source: AWS Lambda Developer Guide, "Invoking Lambda function URLs", response payload; Amazon API
/// Gateway Developer Guide, "Lambda proxy integrations", output format.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpResponse {
    status_code: u16,
    headers: BTreeMap<String, String>,
    body: String,
    is_base64_encoded: bool,
}

pub fn html_page() -> HttpResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, &*CSP),
        // For browsers that do not support `frame-ancestors`.
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    build(200, &headers, PAGE.to_owned(), false)
}

pub fn json(processed: &ProcessedPhoto) -> HttpResponse {
    json_with_status(200, processed)
}

pub fn annotated_jpeg(photo: &[u8], faces: usize) -> Result<HttpResponse> {
    let bytes = photo.len().div_ceil(3) * 4;
    if bytes > MAX_RESPONSE_BYTES {
        // Check before encoding, which would need as much memory again.
        return Err(Error::ResponseTooLarge { bytes, remedy: REMEDY });
    }
    let body = STANDARD.encode(photo);
    let faces = faces.to_string();
    let headers = [(header::CONTENT_TYPE, "image/jpeg"), (X_FACES, &faces)];
    Ok(build(200, &headers, body, true))
}

pub fn from_error(error: &Error) -> HttpResponse {
    error_response(error.status(), error.name(), &error.message())
}

pub fn error_response(status: u16, error_type: &str, message: &str) -> HttpResponse {
    json_with_status(status, &value!({"error": {"type": error_type, "message": message}}))
}

fn json_with_status(status: u16, body: &impl Serialize) -> HttpResponse {
    let body = serde_json::to_value(body).unwrap_or(Value::Null);
    let headers = [(header::CONTENT_TYPE, "application/json")];
    build(status, &headers, body.to_string(), false)
}

fn build(status: u16, headers: &[(HeaderName, &str)], body: String, encoded: bool) -> HttpResponse {
    let always = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The format of the response depends on `Accept`.
        (header::VARY, "accept"),
    ];
    let allowed = (status == 405).then_some((header::ALLOW, "GET, HEAD, POST"));
    let all = headers.iter().chain(&always).chain(&allowed);
    HttpResponse {
        status_code: status,
        headers: all.map(|(name, text)| (name.to_string(), (*text).to_owned())).collect(),
        body,
        is_base64_encoded: encoded,
    }
}

/// The CSP source expression (digest) of the page's content between two tags.
fn csp_source([start, end]: [&str; 2]) -> String {
    let part = PAGE.split_once(start).and_then(|(_, rest)| rest.split_once(end));
    let (part, _) = part.unwrap_or_default();
    let digest = digest(&SHA256, part.as_bytes());
    format!("'sha256-{}'", STANDARD.encode(digest))
}

#[cfg(test)]
mod tests {
    use super::super::{Response, limit_size};
    use super::*;

    fn to_json(response: HttpResponse) -> Value {
        serde_json::to_value(response).unwrap()
    }

    #[test]
    fn annotated_photo_is_base64_within_lambdas_size_limit() {
        let response = to_json(annotated_jpeg(b"\xff\xd8", 3).unwrap());
        assert_eq!(response["body"], "/9g=");
        assert_eq!(response["isBase64Encoded"], true);
        assert_eq!(response["headers"]["x-faces"], "3");
        let error = annotated_jpeg(&vec![0; 4_718_593], 0).unwrap_err();
        assert_eq!((error.name(), error.status()), ("ResponseTooLarge", 413));
        // The rest of the response counts as well.
        let error = limit_size(Response::Http(annotated_jpeg(&vec![0; 4_718_592], 0).unwrap())).unwrap_err();
        assert_eq!(error.name(), "ResponseTooLarge");
        limit_size(Response::Http(annotated_jpeg(&vec![0; 4_718_000], 0).unwrap())).unwrap();
    }

    #[test]
    fn error_type_is_in_the_body() {
        let error = Error::InvalidOption("no".to_owned());
        let response = to_json(from_error(&error));
        assert_eq!(response["statusCode"], 400);
        let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["error"]["type"], "InvalidOption");
    }

    #[test]
    fn content_security_policy_permits_only_the_page_itself() {
        let response = to_json(html_page());
        let policy = response["headers"]["content-security-policy"].as_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(policy.matches("'sha256-").count(), 2, "{policy}");
        assert_eq!(response["headers"]["x-frame-options"], "DENY");
        // The digest of an empty string, which `csp_source` returns if the tags are missing.
        assert!(!policy.contains("47DEQpj8HBSa"), "{policy}");
        let page = response["body"].as_str().unwrap();
        for tag in SCRIPT_TAGS.iter().chain(&STYLE_TAGS) {
            assert_eq!(page.matches(tag).count(), 1, "{tag}");
        }
        assert_eq!(
            (page.matches("<script").count(), page.matches("<style").count()),
            (1, 1)
        );
        // The policy blocks inline event handlers and style attributes.
        let tags = page.split('<').filter_map(|rest| rest.split_once('>'));
        for (tag, _) in tags.filter(|(tag, _)| tag.starts_with(|it: char| it.is_ascii_alphabetic())) {
            let forbidden = |name: &str| name == "style" || name.starts_with("on");
            let names = tag.split_whitespace().skip(1);
            let mut names = names.filter_map(|name| name.split('=').next());
            assert!(!names.any(forbidden), "<{tag}>");
        }
        assert!(!page.contains("javascript:"));
    }

    #[test]
    fn page_loads_no_external_resources() {
        let response = to_json(html_page());
        assert!(
            response["headers"]["content-type"]
                .as_str()
                .unwrap()
                .starts_with("text/html")
        );
        let page = response["body"].as_str().unwrap();
        // This is the SVG namespace, not a resource.
        let rest = page.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !rest.contains("http://") && !rest.contains("https://"),
            "the page loads external resources"
        );
    }
}
