//! Answers to requests over HTTP, in payload format 2.0. A binary one goes out in base64.

use aws_lambda_events::event::lambda_function_urls::LambdaFunctionUrlResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use serde_json::{Value, json as value};

use super::{Answer, Found};
use crate::error::{Error, Result};

/// The page for people: drop a photo, see the faces.
const PAGE: &str = include_str!("../page.html");
/// What the page may do: run its own script, and ask this function.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      img-src blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'";
/// The most that Lambda takes back at once, in bytes, and what the rest of the answer may need.
const PAYLOAD: usize = 6 * 1024 * 1024 - 4096;

/// How many faces are in an annotated photo.
const FACES: HeaderName = HeaderName::from_static("x-faces");

/// The page.
pub fn page() -> Answer {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    answer(200, &headers, PAGE.to_owned(), false)
}

/// The boxes.
pub fn json(found: &Found) -> Answer {
    document(200, found)
}

/// The annotated photo, a JPEG file.
pub fn file(photo: &[u8], faces: usize) -> Result<Answer> {
    let text = STANDARD.encode(photo);
    if text.len() > PAYLOAD {
        return Err(Error::AnswerTooLarge(photo.len()));
    }
    let faces = faces.to_string();
    let headers = [(header::CONTENT_TYPE, "image/jpeg"), (FACES, &faces)];
    Ok(answer(200, &headers, text, true))
}

/// An error, by its name and with the status that says it.
pub fn failed(error: &Error) -> Answer {
    refused(error.status(), error.name(), &error.to_string())
}

/// An error that only HTTP knows.
pub fn refused(status: u16, name: &str, message: &str) -> Answer {
    document(
        status,
        &value!({"error": {"type": name, "message": message}}),
    )
}

fn document(status: u16, body: &impl Serialize) -> Answer {
    let body = serde_json::to_value(body).unwrap_or(Value::Null);
    let headers = [(header::CONTENT_TYPE, "application/json")];
    answer(status, &headers, body.to_string(), false)
}

fn answer(status: u16, headers: &[(HeaderName, &str)], body: String, encoded: bool) -> Answer {
    let always = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The same address has other answers for who accepts other kinds.
        (header::VARY, "accept"),
    ];
    let mut map = HeaderMap::new();
    for (name, text) in headers.iter().chain(&always) {
        if let Ok(text) = HeaderValue::from_str(text) {
            map.insert(name, text);
        }
    }
    if status == 405 {
        map.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    }
    let mut answer = LambdaFunctionUrlResponse::default();
    answer.status_code = i64::from(status);
    answer.headers = map;
    answer.body = Some(body);
    answer.is_base64_encoded = encoded;
    Answer::Http(Box::new(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(answer: Answer) -> Value {
        serde_json::to_value(answer).unwrap()
    }

    #[test]
    fn a_photo_goes_out_in_base64_and_not_larger_than_lambda_takes() {
        let answer = shown(file(b"\xff\xd8", 3).unwrap());
        assert_eq!(answer["body"], "/9g=");
        assert_eq!(answer["isBase64Encoded"], true);
        assert_eq!(answer["headers"]["x-faces"], "3");
        let error = file(&vec![0; 4_718_592], 0).unwrap_err();
        assert_eq!((error.name(), error.status()), ("AnswerTooLarge", 413));
        file(&vec![0; 4_700_000], 0).unwrap();
    }

    #[test]
    fn an_error_has_its_name_in_the_body() {
        let error = Error::InvalidOption("no".to_owned());
        let answer = shown(failed(&error));
        assert_eq!(answer["statusCode"], 400);
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["error"]["type"], "InvalidOption");
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        let answer = shown(page());
        assert!(
            answer["headers"]["content-type"]
                .as_str()
                .unwrap()
                .starts_with("text/html")
        );
        let page = answer["body"].as_str().unwrap();
        // The one address in it is a name, which SVG must be called by, and nothing is loaded there.
        let rest = page.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !rest.contains("http://") && !rest.contains("https://"),
            "it loads from elsewhere"
        );
    }
}
