//! Classifies responses. A successful response is passed on. Of an error response only the status, the error codes and
//! the messages are kept, except messages that contain a secret.

use std::time::Duration;

use reqwest::{Response, StatusCode, Url};
use serde_json::Value;

use super::challenge::unmet_challenge;
use super::retry::retry_after;
use super::session::Authorization;
use super::{Credentials, Error, Failure, Session};

/// The bytes of an error response that are read.
const MAX_ERROR_BODY: u64 = 1 << 16;
/// The maximum length of a message in characters.
const MAX_MESSAGE_LENGTH: usize = 300;

impl Session<'_> {
    /// Returns a response with a status of success, and turns any other into an error.
    pub async fn classify_response(&self, what: &str, response: Response) -> Result<Response, Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let url = response.url().clone();
        let elsewhere = Some(&url).filter(|url| !self.is_own(url));
        let retry_after = retry_after(response.headers());
        let unmet = (status == StatusCode::UNAUTHORIZED && elsewhere.is_none() && self.authorization().is_none())
            .then(|| unmet_challenge(response.headers()))
            .flatten();
        // The body of an error response is optional detail, so a read error does not matter.
        let body = self.read_body(what, response, MAX_ERROR_BODY).await;
        let mut failure = self.classify_status(what, status, &body.unwrap_or_default(), retry_after, elsewhere);
        if let (
            Some(reason),
            Error::Unauthorized {
                response, credentials, ..
            },
        ) = (unmet, &mut failure.error)
        {
            *response += &reason;
            if self.image.credentials != Credentials::Anonymous {
                *credentials = " without a login, so that the known credentials were not sent";
            }
        }
        Err(failure)
    }

    /// Reads the whole body of a response, at most `limit` bytes.
    pub async fn read_body(&self, what: &str, mut response: Response, limit: u64) -> Result<Vec<u8>, Failure> {
        let classify = |error| self.classify_error(what, &error);
        let mut body = Vec::new();
        let announced = response.content_length().unwrap_or(0);
        while announced <= limit && body.len() as u64 <= limit {
            match response.chunk().await.map_err(classify)? {
                Some(chunk) => body.extend_from_slice(&chunk),
                None => return Ok(body),
            }
        }
        let reason = format!("it is longer than {limit} bytes");
        Err(self.invalid_response(what, reason).into())
    }

    /// `elsewhere` is the URL that the registry redirected to, if the response comes from another server.
    pub fn classify_status(
        &self,
        what: &str,
        status: StatusCode,
        body: &[u8],
        retry_after: Option<Duration>,
        elsewhere: Option<&Url>,
    ) -> Failure {
        let what = what.to_owned();
        let registry = match elsewhere.map(|url| url.origin().ascii_serialization()) {
            Some(origin) => format!("{}, redirecting to {origin},", self.image.registry()),
            None => self.image.registry().to_owned(),
        };
        let response = error_summary(status, body, &self.secrets());
        let mut failure: Failure = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if elsewhere.is_none() => {
                self.unauthorized(response).into()
            }
            StatusCode::NOT_FOUND => Error::NotFound {
                registry,
                what,
                response,
            }
            .into(),
            StatusCode::PAYLOAD_TOO_LARGE => Error::Other(format!(
                "{registry} refuses the size of {what} ({response}); raise the limit of the server that receives it \
                 (nginx: `client_max_body_size`)"
            ))
            .into(),
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => Error::Other(format!(
                "the proxy in front of {registry} demands a login for {what} ({response}); write it into the \
                 variable that names the proxy, as http://USER:PASSWORD@HOST:PORT"
            ))
            .into(),
            status if is_transient(status) => {
                let mut text = format!("{registry} cannot serve {what} now ({response})");
                if let Some(wait) = retry_after {
                    text += &format!("; retry after {} s", wait.as_secs());
                }
                Failure {
                    retry_after,
                    ..Failure::transient(Error::Other(text))
                }
            }
            _ => Error::Other(format!("{registry} refuses {what} ({response})")).into(),
        };
        failure.status = Some(status);
        failure
    }

    /// `response`: what the registry or its token service responds with.
    pub fn unauthorized(&self, response: String) -> Error {
        Error::Unauthorized {
            registry: self.image.registry().to_owned(),
            repository: self.image.reference.repository().to_owned(),
            response,
            credentials: match self.image.credentials {
                Credentials::Anonymous => ", and no credentials are known for it",
                _ => " with the credentials that are known for it",
            },
        }
    }

    pub fn invalid_response(&self, what: &str, reason: impl Into<String>) -> Error {
        Error::InvalidResponse {
            registry: self.image.registry().to_owned(),
            what: what.to_owned(),
            reason: reason.into(),
        }
    }

    /// Texts that no error message may contain.
    fn secrets(&self) -> Vec<String> {
        let credentials = &self.image.credentials;
        let headers = self
            .authorization()
            .into_iter()
            .chain(Authorization::basic(credentials));
        // Without the scheme, because a message may contain the bare token.
        let headers = headers.filter_map(|known| Some(known.header().split_once(' ')?.1.to_owned()));
        let secrets = headers.chain(credentials.secret().map(str::to_owned));
        secrets.filter(|secret| !secret.is_empty()).collect()
    }
}

/// Whether a later request may succeed. Sources: RFC 6585 and RFC 9110.
fn is_transient(status: StatusCode) -> bool {
    let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
    busy || status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
}

/// The status, and the codes and messages of at most three errors, in one line.
fn error_summary(status: StatusCode, body: &[u8], secrets: &[String]) -> String {
    let mut summary = format!("HTTP {}", status.as_u16());
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    for error in body["errors"].as_array().into_iter().flatten().take(3) {
        for text in [&error["code"], &error["message"]]
            .into_iter()
            .filter_map(Value::as_str)
        {
            let secret = secrets.iter().any(|secret| text.contains(secret.as_str()));
            let printable = text.chars().filter(|letter| !letter.is_control());
            let text: String = printable.take(MAX_MESSAGE_LENGTH).collect();
            if !text.is_empty() && !secret {
                summary += &format!(", {text}");
            }
        }
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::super::RegistryImage;
    use super::super::session::with_session;
    use super::*;

    #[test]
    fn error_summaries_omit_secrets() {
        let body = br#"{"errors": [
            {"code": "DENIED", "message": "not \u001b[31mwith hunter2"},
            {"code": "TAG_IMMUTABLE", "message": "the tag\ncannot be overwritten", "detail": {"a": 1}}
        ]}"#;
        let secrets = ["hunter2".to_owned()];
        assert_eq!(
            error_summary(StatusCode::FORBIDDEN, body, &secrets),
            "HTTP 403, DENIED, TAG_IMMUTABLE, the tagcannot be overwritten"
        );
        assert_eq!(error_summary(StatusCode::BAD_GATEWAY, b"<html>", &secrets), "HTTP 502");
        let long = format!(r#"{{"errors": [{{"code": "X", "message": "{}"}}]}}"#, "m".repeat(9999));
        assert!(error_summary(StatusCode::BAD_REQUEST, long.as_bytes(), &[]).len() < 400);
    }

    #[test]
    fn only_transient_statuses_are_retryable() {
        let image = RegistryImage::parse("h.example/a").unwrap();
        with_session(&image, "pull", &|_| (), async |session| {
            let retryable = |status: u16| {
                let status = StatusCode::from_u16(status).unwrap();
                session.classify_status("it", status, b"", None, None).retryable
            };
            assert!([408, 429, 500, 502, 503, 504].into_iter().all(retryable));
            let final_ones = [400, 401, 403, 404, 405, 407, 413, 416, 418, 501];
            assert!(!final_ones.into_iter().any(retryable));
            let storage = Url::parse("https://storage.example/blob?signature=hidden").unwrap();
            let failure = session.classify_status("it", StatusCode::FORBIDDEN, b"", None, Some(&storage));
            assert_eq!(
                failure.error.to_string(),
                "h.example, redirecting to https://storage.example, refuses it (HTTP 403)"
            );
            let failure = session.classify_status("it", StatusCode::PAYLOAD_TOO_LARGE, b"", None, None);
            assert!(failure.error.to_string().contains("`client_max_body_size`"));
            Ok(())
        })
        .unwrap();
    }
}
