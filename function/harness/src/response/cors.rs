//! Permissions for pages of other origins (CORS).
//! Source: Fetch Standard, "CORS protocol".

use http::header;

use super::http::{HttpResponse, METHODS, build, count_header};
use crate::answer::Answer;

/// The response to a browser that asks whether a page may send a photo.
pub fn preflight() -> HttpResponse {
    let headers = [
        (header::ALLOW, METHODS),
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "accept, content-type"),
        // Two hours, the most that Chrome remembers.
        (header::ACCESS_CONTROL_MAX_AGE, "7200"),
    ];
    build(204, &headers, String::new())
}

impl HttpResponse {
    /// Permits pages of the `allowed` origins to read the response to the answer `A`. `origin` is the request's header
    /// of this name.
    #[must_use]
    pub fn with_cors<A: Answer>(mut self, allowed: &[String], origin: Option<&str>) -> Self {
        let is_any = allowed.iter().any(|origin| origin == "*");
        let listed = origin.filter(|origin| allowed.iter().any(|other| other == origin));
        if !is_any {
            let vary = self.headers.entry(header::VARY.to_string()).or_default();
            let separator = if vary.is_empty() { "" } else { ", " };
            *vary += separator;
            *vary += "origin";
        }
        if let Some(origin) = if is_any { Some("*") } else { listed } {
            let mut set = |name: header::HeaderName, text: String| self.headers.insert(name.to_string(), text);
            set(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.to_owned());
            if let Some(exposed) = count_header::<A>() {
                set(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::http::error_response;
    use super::super::tests::Things;
    use super::*;

    fn to_json(response: HttpResponse) -> Value {
        serde_json::to_value(response).unwrap()
    }

    #[test]
    fn only_listed_origins_are_allowed() {
        let list = ["https://a.example".to_owned(), "https://b.example".to_owned()];
        let any = ["*".to_owned()];
        for (allowed, origin, expected, vary) in [
            (
                &list[..],
                Some("https://b.example"),
                Some("https://b.example"),
                "accept, origin",
            ),
            (&list, Some("https://c.example"), None, "accept, origin"),
            (&list, None, None, "accept, origin"),
            (&any, Some("https://c.example"), Some("*"), "accept"),
            (&any, None, Some("*"), "accept"),
        ] {
            let response = to_json(error_response(404, "NotFound", "no").with_cors::<Things>(allowed, origin));
            let headers = &response["headers"];
            let found = headers["access-control-allow-origin"].as_str();
            assert_eq!(
                (found, headers["vary"].as_str()),
                (expected, Some(vary)),
                "{allowed:?} {origin:?}"
            );
            assert_eq!(
                headers.get("access-control-expose-headers").is_some(),
                expected.is_some()
            );
        }
    }

    #[test]
    fn preflight_allows_what_the_function_accepts() {
        let response = to_json(preflight());
        assert_eq!((&response["statusCode"], &response["body"]), (&json!(204), &json!("")));
        assert_eq!(response["headers"]["access-control-allow-methods"], "GET, HEAD, POST");
        assert!(response["headers"].get("content-type").is_none());
    }
}
