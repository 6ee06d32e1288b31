//! What an answer or a broken connection means: an answer goes in, and comes out if it is a good
//! one. Of a bad one only its status, its codes and its messages are kept, and no message that
//! repeats a secret.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use oci_client::errors::OciEnvelope;
use reqwest::{Response, StatusCode};

use super::document::read;
use super::error::Failure;
use super::patience::asked;
use super::{Credentials, Error, Remote};

/// How much of a bad answer is looked at, and of a message in it.
const BODY: u64 = 1 << 16;
const MESSAGE: usize = 300;

/// Whom an answer comes from, and what must not be repeated of it.
pub(crate) struct Judge<'a> {
    pub remote: &'a Remote,
    pub secrets: Vec<String>,
}

impl Judge<'_> {
    /// The answer, if it is a good one.
    pub async fn answer(&self, what: &str, response: Response) -> Result<Response, Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let elsewhere = !at_registry(self.remote, &response);
        let asked = asked(response.headers());
        // What a bad answer says more than its status is a courtesy; it may break off.
        let body = read(response, BODY).await.unwrap_or_default();
        Err(self.status(what, status, &body, asked, elsewhere))
    }

    /// What a bad status means; `elsewhere` if it comes from where the registry sent us on to.
    pub fn status(
        &self,
        what: &str,
        status: StatusCode,
        body: &[u8],
        asked: Option<Duration>,
        elsewhere: bool,
    ) -> Failure {
        let (registry, what) = (self.remote.registry().to_owned(), what.to_owned());
        let said = said(status, body, &self.secrets);
        let mut failure: Failure = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if !elsewhere => Error::Unauthorized {
                registry,
                repository: self.remote.reference.repository().to_owned(),
                said,
                had: match self.remote.credentials {
                    Credentials::Anonymous => ", and no credentials are known for it",
                    _ => " with the credentials that are known for it",
                },
            }
            .into(),
            StatusCode::NOT_FOUND => Error::NotFound {
                registry,
                what,
                said,
            }
            .into(),
            status if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() => {
                let text = asked.map(|wait| format!("; it asks to wait {} s", wait.as_secs()));
                Failure {
                    asked,
                    ..Failure::passing(Error::Busy {
                        registry,
                        what,
                        said,
                        asked: text.unwrap_or_default(),
                    })
                }
            }
            _ => Error::Refused {
                registry,
                what,
                said,
            }
            .into(),
        };
        failure.status = Some(status);
        failure
    }

    /// What a connection that cannot be made, or that broke, means.
    pub fn broken(&self, what: &str, error: &reqwest::Error) -> Failure {
        let (registry, what) = (self.remote.registry().to_owned(), what.to_owned());
        if let Some(reason) = tls_reason(error) {
            return Error::Tls { registry, reason }.into();
        }
        let reason = innermost(error);
        if error.is_builder() || error.is_redirect() {
            return Error::Answer {
                registry,
                what,
                reason,
            }
            .into();
        }
        Failure::passing(Error::Unreachable {
            registry,
            what,
            reason,
        })
    }

    /// An answer that cannot be used.
    pub fn unusable(&self, what: &str, reason: impl Into<String>) -> Error {
        Error::Answer {
            registry: self.remote.registry().to_owned(),
            what: what.to_owned(),
            reason: reason.into(),
        }
    }
}

/// Whether an answer is the registry's own, and not of a storage that it sent us on to.
pub(crate) fn at_registry(remote: &Remote, response: &Response) -> bool {
    let Ok(root) = reqwest::Url::parse(&remote.root()) else {
        return false;
    };
    root.origin() == response.url().origin()
}

/// Why something failed, without addresses: those that a registry sends us on to are signed.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "nothing came for too long".into();
    }
    if error.is_redirect() {
        return "it sends on to where it must not".into();
    }
    let mut reason = "the connection broke".to_owned();
    let mut source = error.source();
    while let Some(cause) = source {
        if !cause.is::<reqwest::Error>() && cause.source().is_none() {
            reason = cause.to_string();
        }
        source = cause.source();
    }
    reason
}

/// What is wrong with the TLS of a connection, if that is it.
fn tls_reason(error: &reqwest::Error) -> Option<String> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls.to_string());
        }
        // An I/O error that wraps another error does not count it among its sources.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        cause = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// What a registry said, in one line.
fn said(status: StatusCode, body: &[u8], secrets: &[String]) -> String {
    let mut said = format!("HTTP {}", status.as_u16());
    let Ok(envelope) = serde_json::from_slice::<OciEnvelope>(body) else {
        return said;
    };
    for error in envelope.errors.iter().take(3) {
        let code = serde_json::to_value(&error.code).unwrap_or_default();
        for text in [code.as_str().unwrap_or_default(), error.message.as_str()] {
            let secret = secrets.iter().any(|secret| text.contains(secret.as_str()));
            let printable = text.chars().filter(|letter| !letter.is_control());
            let text: String = printable.take(MESSAGE).collect();
            if !text.is_empty() && !secret {
                said += &format!(", {text}");
            }
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_without_secrets() {
        let body = br#"{"errors": [
            {"code": "DENIED", "message": "not \u001b[31mwith hunter2"},
            {"code": "TAG_IMMUTABLE", "message": "the tag\ncannot be overwritten", "detail": {"a": 1}}
        ]}"#;
        let secrets = ["hunter2".to_owned()];
        assert_eq!(
            said(StatusCode::FORBIDDEN, body, &secrets),
            "HTTP 403, DENIED, TAG_IMMUTABLE, the tagcannot be overwritten"
        );
        assert_eq!(
            said(StatusCode::BAD_GATEWAY, b"<html>", &secrets),
            "HTTP 502"
        );
        let long = format!(
            r#"{{"errors": [{{"code": "X", "message": "{}"}}]}}"#,
            "m".repeat(9999)
        );
        assert!(said(StatusCode::BAD_REQUEST, long.as_bytes(), &[]).len() < 400);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let remote = Remote::parse("h.example/a").unwrap();
        let judge = Judge {
            remote: &remote,
            secrets: Vec::new(),
        };
        let again = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            judge.status("it", status, b"", None, false).again
        };
        assert!([429, 500, 502, 503, 504].into_iter().all(again));
        assert!(
            ![400, 401, 403, 404, 405, 413, 416, 418]
                .into_iter()
                .any(again)
        );
        let failure = judge.status("it", StatusCode::FORBIDDEN, b"", None, true);
        assert!(matches!(failure.error, Error::Refused { .. }));
    }
}
