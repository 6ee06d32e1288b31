//! The errors of requests: which are retried at once, which are temporary, and what the caller is told.
//!
//! Only S3's error code is taken from the body of a response, because S3 repeats an expired token in it.

use http::{HeaderMap, StatusCode};

use super::http::{Response, TransportError};
use crate::error::Error;
use crate::options::StorageConfig;

/// Codes of errors that pass by themselves, regardless of their status.
/// Source: Amazon S3 API Reference, "Error responses".
const BUSY_CODES: [&str; 6] = [
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottlingException",
];
/// Codes for credentials that S3 accepted before, or will accept later.
const CREDENTIAL_CODES: [&str; 3] = ["ExpiredToken", "RequestTimeTooSkewed", "TokenRefreshRequired"];
/// The code for an archived object.
const ARCHIVED_CODE: &str = "InvalidObjectState";
const MAX_REASON_CHARS: usize = 300;
/// The maximum length of an error's body, in bytes; real ones have less than 1 kB.
const MAX_ERROR_BODY: usize = 1 << 16;
/// The region of the bucket, in responses to requests that were sent to another.
const BUCKET_REGION: &str = "x-amz-bucket-region";

/// The reason why a request failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    /// S3 cannot be used with these settings or this bucket's name.
    #[error("{0}")]
    Configuration(String),
    #[error("no valid credentials of the role: {0}")]
    Credentials(String),
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// A response that S3 did not send, or that was changed on its way.
    #[error("{0}")]
    Corrupt(String),
    #[error("S3 returned {}", .0.status)]
    Response(ErrorResponse),
}

#[derive(Debug)]
pub(super) struct ErrorResponse {
    pub(super) status: StatusCode,
    code: Option<String>,
    region: Option<String>,
}

impl ErrorResponse {
    pub(super) async fn read(response: Response) -> Self {
        let Response { status, headers, body } = response;
        let region = header(&headers, BUCKET_REGION);
        // A body that cannot be read has no code; the status remains.
        let body = body.read(0, MAX_ERROR_BODY).await.unwrap_or_default();
        let code = element(&String::from_utf8_lossy(&body), "Code").filter(|code| is_code(code));
        Self { status, code, region }
    }

    /// The bucket's region, if the request was sent to another.
    pub(super) fn bucket_region(&self) -> Option<&str> {
        // Source: Amazon S3 User Guide, "Request redirection and the REST API"; for 400, API Reference,
        // "Error responses", AuthorizationHeaderMalformed.
        [301, 307, 400]
            .contains(&self.status.as_u16())
            .then_some(self.region.as_deref())
            .flatten()
    }

    pub(super) fn has_expired_credentials(&self) -> bool {
        self.has_code(&CREDENTIAL_CODES[..1])
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    fn is_archived(&self) -> bool {
        self.has_code(&[ARCHIVED_CODE])
    }

    /// A 4xx status is about the request, except for throttling, timeouts and a conflict with another request. A
    /// redirect that cannot be followed is about the region, except for 307, which S3 sends for new buckets.
    fn is_temporary(&self) -> bool {
        let is_about_request = match self.status.as_u16() {
            307 | 408 | 409 | 429 => false,
            status => (300..500).contains(&status),
        };
        self.has_code(&BUSY_CODES) || self.has_code(&CREDENTIAL_CODES) || !(is_about_request || self.is_archived())
    }
}

impl RequestError {
    /// Whether the same request may succeed in a moment.
    pub(super) fn is_retryable(&self) -> bool {
        match self {
            Self::Configuration(_) => false,
            Self::Credentials(_) | Self::Transport(_) | Self::Corrupt(_) => true,
            Self::Response(response) => {
                let is_busy = response.status.is_server_error() || [408, 429].contains(&response.status.as_u16());
                is_busy || response.has_code(&BUSY_CODES)
            }
        }
    }

    pub(super) fn into_error(self, operation: &'static str, config: &StorageConfig, bucket: &str, key: &str) -> Error {
        let url = config.url(bucket, key);
        let mut reason: String = self.to_string().chars().take(MAX_REASON_CHARS).collect();
        let temporary = match &self {
            Self::Configuration(_) => false,
            Self::Credentials(_) | Self::Transport(_) | Self::Corrupt(_) => true,
            Self::Response(response) => {
                match response.status {
                    StatusCode::NOT_FOUND if response.has_code(&["NoSuchBucket"]) => {
                        return Error::BucketNotFound(bucket.to_owned());
                    }
                    StatusCode::NOT_FOUND => return Error::ObjectNotFound(url),
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
                        if !response.is_archived() && !response.is_temporary() =>
                    {
                        return Error::AccessDenied { operation, url };
                    }
                    _ => {}
                }
                reason = match &response.code {
                    Some(code) if response.is_archived() => {
                        format!("{reason} ({code}: the object is archived; restore it first)")
                    }
                    Some(code) => format!("{reason} ({code})"),
                    None => reason,
                };
                if let Some(region) = &response.region
                    && response.bucket_region().is_some()
                {
                    reason = format!("{reason}; the bucket is in the region {region}");
                }
                response.is_temporary()
            }
        };
        Error::StorageFailed {
            operation: match self {
                Self::Configuration(_) => "use",
                _ => operation,
            },
            url,
            reason,
            temporary,
        }
    }
}

/// The text of an XML element without attributes, markup and references to entities.
pub(super) fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    (!text.contains(['<', '&'])).then(|| text.to_owned())
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

fn is_code(code: &str) -> bool {
    (1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, code: &str) -> RequestError {
        let body = format!("<Error><Code>{code}</Code><Token-0>SECRET</Token-0></Error>");
        RequestError::Response(ErrorResponse {
            status: StatusCode::from_u16(status).unwrap(),
            code: element(&body, "Code").filter(|code| is_code(code)),
            region: None,
        })
    }

    fn read_error(status: u16, code: &str) -> Error {
        response(status, code).into_error("read", &StorageConfig::default(), "b", "k")
    }

    #[test]
    fn missing_bucket_and_missing_object_are_distinguished() {
        assert_eq!(read_error(404, "NoSuchBucket").name(), "BucketNotFound");
        let error = read_error(404, "NoSuchKey");
        assert_eq!(error.to_string(), "the object s3://b/k does not exist");
        assert_eq!(read_error(404, "").name(), "ObjectNotFound");
    }

    #[test]
    fn transient_errors_are_temporary_and_secrets_are_not_repeated() {
        for (status, code, temporary, retryable) in [
            (400, "ExpiredToken", true, false),
            (400, "RequestTimeout", true, true),
            (400, "InvalidArgument", false, false),
            (400, "KeyTooLongError", false, false),
            (409, "OperationAborted", true, true),
            (409, "ConditionalRequestConflict", true, false),
            (503, "SlowDown", true, true),
            (500, "Other", true, true),
            (429, "Other", true, true),
            (301, "PermanentRedirect", false, false),
            (307, "TemporaryRedirect", true, false),
            (405, "MethodNotAllowed", false, false),
            (412, "PreconditionFailed", false, false),
        ] {
            assert_eq!(response(status, code).is_retryable(), retryable, "{status} {code}");
            let failed = read_error(status, code);
            assert_eq!(
                (failed.name(), failed.is_temporary()),
                ("StorageFailed", temporary),
                "{failed}"
            );
            assert!(!failed.to_string().contains("SECRET"), "{failed}");
        }
        let reason = read_error(400, "ExpiredToken").to_string();
        assert!(
            reason.ends_with("S3 returned 400 Bad Request (ExpiredToken)"),
            "{reason}"
        );
    }

    #[test]
    fn archived_objects_and_clock_skew_are_not_access_denied() {
        assert_eq!(read_error(403, "AccessDenied").name(), "AccessDenied");
        assert_eq!(read_error(401, "").name(), "AccessDenied");
        assert!(read_error(403, "RequestTimeTooSkewed").is_temporary());
        let archived = read_error(403, "InvalidObjectState");
        assert!(!archived.is_temporary());
        assert!(archived.to_string().contains("archived"), "{archived}");
    }

    #[test]
    fn codes_are_words_and_elements_are_texts() {
        assert_eq!(element("<a><Code>X</Code></a>", "Code").as_deref(), Some("X"));
        for body in ["<Code>X", "<Code><b/></Code>", "<Code>&lt;</Code>", ""] {
            assert_eq!(element(body, "Code"), None, "{body}");
        }
        for code in ["", "a b", &"a".repeat(65)] {
            assert!(!is_code(code), "{code}");
        }
    }
}
