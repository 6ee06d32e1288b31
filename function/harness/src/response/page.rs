//! The web page, which browsers may keep: they ask whether it has changed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header;
use ring::digest::{SHA256, digest};

use super::http::{HttpResponse, build};

const SCRIPT_TAGS: [&str; 2] = ["<script type=\"module\">", "</script>"];
const STYLE_TAGS: [&str; 2] = ["<style>", "</style>"];

/// The page; without content if the client has it. `if_none_match` is the header of this name.
/// Source: RFC 9110, 13.1.2 and 15.4.5.
pub fn html_page(page: &str, if_none_match: Option<&str>) -> HttpResponse {
    let (etag, policy) = (etag(page), content_security_policy(page));
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::ETAG, &etag),
        (header::CONTENT_SECURITY_POLICY, &policy),
        // For browsers that do not support `frame-ancestors`.
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    if if_none_match.is_some_and(|tags| has_tag(tags, &etag)) {
        build(304, &headers, String::new())
    } else {
        build(200, &headers, page.to_owned())
    }
}

/// Proxies that compress the page mark its ETag as weak.
fn has_tag(if_none_match: &str, etag: &str) -> bool {
    let mut tags = if_none_match.split(',').map(str::trim);
    tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

/// The digest of the page in quotes.
fn etag(page: &str) -> String {
    format!("\"{}\"", digest_of(page))
}

/// Permits only the page's own script and style, identified by their digests, and requests to this function; no other
/// site may frame the page.
fn content_security_policy(page: &str) -> String {
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src blob: data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        csp_source(page, SCRIPT_TAGS),
        csp_source(page, STYLE_TAGS)
    )
}

fn digest_of(text: &str) -> String {
    STANDARD.encode(digest(&SHA256, text.as_bytes()))
}

/// The CSP source expression (digest) of the page's content between two tags.
fn csp_source(page: &str, [start, end]: [&str; 2]) -> String {
    let part = page.split_once(start).and_then(|(_, rest)| rest.split_once(end));
    let (part, _) = part.unwrap_or_default();
    format!("'sha256-{}'", digest_of(part))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::page::DEFAULT_PAGE;

    fn to_json(response: HttpResponse) -> Value {
        serde_json::to_value(response).unwrap()
    }

    #[test]
    fn page_is_sent_unless_the_client_has_it() {
        let first = to_json(html_page(DEFAULT_PAGE, None));
        let etag = first["headers"]["etag"].as_str().unwrap();
        assert_eq!(first["headers"]["cache-control"], "no-cache");
        assert_eq!(first["headers"].get("vary"), None);
        for known in [etag.to_owned(), format!("\"a\", W/{etag}"), "*".to_owned()] {
            let response = to_json(html_page(DEFAULT_PAGE, Some(&known)));
            assert_eq!(
                (&response["statusCode"], &response["body"]),
                (&304.into(), &"".into()),
                "{known}"
            );
            assert_eq!(response["headers"]["etag"], etag);
        }
        for other in ["", "\"a\"", &etag[1..]] {
            assert_eq!(
                to_json(html_page(DEFAULT_PAGE, Some(other)))["statusCode"],
                200,
                "{other}"
            );
        }
    }

    #[test]
    fn content_security_policy_permits_only_the_page_itself() {
        let response = to_json(html_page(DEFAULT_PAGE, None));
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
        let response = to_json(html_page(DEFAULT_PAGE, None));
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
