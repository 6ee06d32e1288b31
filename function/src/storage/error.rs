//! The errors of requests: which are retried at once, which are temporary, and what the caller is told.
//!
//! Only S3's error code is taken from the body of a response, because S3 repeats an expired token in it.

use std::fmt;

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
/// Codes for what is addressed by a bucket's name.
const MISSING_BUCKET_CODES: [&str; 3] = ["NoSuchAccessPoint", "NoSuchBucket", "NoSuchMultiRegionAccessPoint"];
const MAX_REASON_CHARS: usize = 300;
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
    #[error("{0}")]
    Connection(String),
    /// A response that S3 did not send, or that was changed on its way.
    #[error("{0}")]
    Corrupt(String),
    #[error("{0}")]
    Response(ErrorResponse),
}

impl From<TransportError> for RequestError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Configuration(reason) => Self::Configuration(reason),
            TransportError::Connection(reason) => Self::Connection(reason),
        }
    }
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
        let body = body.read_message().await.unwrap_or_default();
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

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3 returned {}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        if self.is_archived() {
            write!(f, "; the object is archived: restore it first")?;
        }
        if let Some(region) = self.bucket_region() {
            write!(f, "; the bucket is in the region {region}")?;
        }
        Ok(())
    }
}

impl RequestError {
    /// Whether the same request may succeed in a moment.
    pub(super) fn is_retryable(&self) -> bool {
        match self {
            Self::Configuration(_) => false,
            Self::Credentials(_) | Self::Connection(_) | Self::Corrupt(_) => true,
            Self::Response(response) => {
                let is_busy = response.status.is_server_error() || [408, 429].contains(&response.status.as_u16());
                is_busy || response.has_code(&BUSY_CODES)
            }
        }
    }

    pub(super) fn into_error(self, operation: &'static str, config: &StorageConfig, bucket: &str, key: &str) -> Error {
        let url = config.url(bucket, key);
        let (operation, temporary) = match &self {
            Self::Configuration(_) => ("use", false),
            Self::Credentials(_) | Self::Connection(_) | Self::Corrupt(_) => (operation, true),
            Self::Response(response) => match response.status {
                StatusCode::NOT_FOUND if response.has_code(&MISSING_BUCKET_CODES) => {
                    return Error::BucketNotFound(bucket.to_owned());
                }
                StatusCode::NOT_FOUND => return Error::ObjectNotFound(url),
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
                    if !response.is_archived() && !response.is_temporary() =>
                {
                    return Error::AccessDenied { operation, url };
                }
                _ => (operation, response.is_temporary()),
            },
        };
        Error::StorageFailed {
            operation,
            url,
            reason: self.to_string().chars().take(MAX_REASON_CHARS).collect(),
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
        for code in MISSING_BUCKET_CODES {
            assert_eq!(read_error(404, code).name(), "BucketNotFound");
        }
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
