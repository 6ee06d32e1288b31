//! The errors of requests: which are retried at once, which are temporary, and what the caller is told.
//!
//! Only S3's error code is taken from the body of a response, because S3 repeats an expired token in it.

use std::fmt;

use http::{HeaderMap, StatusCode};

use super::endpoint::SigningRegion;
use super::http::{Response, TransportError};
use crate::error::Error;
use crate::options::StorageConfig;

/// Codes of errors that pass by themselves, regardless of their status: S3 is busy, or the content was changed on its
/// way. Source: Amazon S3 API Reference, "Error responses".
const TRANSIENT_CODES: [&str; 8] = [
    "BadDigest",
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottlingException",
    "XAmzContentSHA256Mismatch",
];
/// Codes for credentials that S3 accepted before, or will accept later.
const CREDENTIAL_CODES: [&str; 3] = ["ExpiredToken", "RequestTimeTooSkewed", "TokenRefreshRequired"];
/// The code for an archived object.
const ARCHIVED_CODE: &str = "InvalidObjectState";
/// Codes for what is addressed by a bucket's name.
const MISSING_BUCKET_CODES: [&str; 3] = ["NoSuchAccessPoint", "NoSuchBucket", "NoSuchMultiRegionAccessPoint"];
/// Codes for a bucket in another region. Source: Amazon S3 API Reference, "Error responses".
const REGION_CODES: [&str; 3] = ["AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect"];
/// The code for a header that another S3 server does not know.
const UNKNOWN_HEADER_CODE: &str = "NotImplemented";
const MAX_REASON_CHARS: usize = 300;
/// The region of the bucket.
const BUCKET_REGION: &str = "x-amz-bucket-region";
/// Whether a version of an object only says that it was deleted.
const DELETE_MARKER: &str = "x-amz-delete-marker";

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
    status: StatusCode,
    code: Option<String>,
    /// The bucket's, if the request was sent to another.
    region: Option<String>,
    is_delete_marker: bool,
    /// Whether something else than S3 says that the object is missing or forbidden, such as a proxy with an error page.
    is_foreign: bool,
}

impl ErrorResponse {
    /// # Errors
    /// The body cannot be read, or is longer than any of S3. Without it, the status has no meaning.
    pub(super) async fn read(response: Response, sent_to: &SigningRegion) -> Result<Self, TransportError> {
        let Response { status, headers, body } = response;
        let body = body.read_message().await?;
        let body = String::from_utf8_lossy(&body);
        let code = element(&body, "Code").filter(|code| is_code(code));
        let region = bucket_region(&headers).or_else(|| element(&body, "Region"));
        Ok(Self {
            status,
            region: region.filter(|region| *sent_to != SigningRegion::One(region.clone())),
            is_delete_marker: headers.get(DELETE_MARKER).is_some_and(|value| value == "true"),
            is_foreign: [401, 403, 404].contains(&status.as_u16()) && code.is_none() && !body.is_empty(),
            code,
        })
    }

    /// Source: Amazon S3 User Guide, "Request redirection and the REST API"; for 400, API Reference, "Error responses".
    pub(super) fn is_from_another_region(&self) -> bool {
        match self.status.as_u16() {
            301 | 307 => true,
            400 => self.region.is_some() || self.has_code(&REGION_CODES),
            _ => false,
        }
    }

    /// The bucket's region, if S3 named it.
    pub(super) fn bucket_region(&self) -> Option<&str> {
        self.region.as_deref().filter(|_| self.is_from_another_region())
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

    /// A 4xx status is about the request, except for throttling, timeouts and a conflict with another request, and so is
    /// 501. A redirect that cannot be followed is about the region, except for 307, which S3 sends for new buckets.
    fn is_temporary(&self) -> bool {
        let is_about_request = match self.status.as_u16() {
            307 | 408 | 409 | 429 => false,
            501 => true,
            status => (300..500).contains(&status) && !self.is_foreign,
        };
        self.has_code(&TRANSIENT_CODES) || self.has_code(&CREDENTIAL_CODES) || !(is_about_request || self.is_archived())
    }

    /// Other codes of these statuses are about credentials, or need more than a permission.
    fn is_denied(&self) -> bool {
        let is_denied = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&self.status);
        is_denied && !self.is_foreign && self.code.as_deref().is_none_or(|code| code == "AccessDenied")
    }

    fn is_missing(&self) -> bool {
        self.is_delete_marker || (self.status == StatusCode::NOT_FOUND && !self.is_foreign)
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3 returned {}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        if self.is_foreign {
            write!(f, "; the response is not from S3")?;
        }
        if self.is_archived() {
            write!(f, "; the object is archived: restore it first")?;
        }
        if self.has_code(&[UNKNOWN_HEADER_CODE]) {
            let remedy = "AWS_REQUEST_CHECKSUM_CALCULATION=when_required leaves out the checksum";
            write!(
                f,
                "; if the server does not know the header with the checksum, {remedy}"
            )?;
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
                let is_busy = match response.status.as_u16() {
                    408 | 429 => true,
                    status => status >= 500 && status != 501,
                };
                is_busy || response.is_foreign || response.has_code(&TRANSIENT_CODES)
            }
        }
    }

    /// Whether S3 says that the bucket exists, and the object does not.
    pub(super) fn is_missing_object(&self) -> bool {
        matches!(self, Self::Response(response) if response.is_missing() && !response.has_code(&MISSING_BUCKET_CODES))
    }

    pub(super) fn into_error(self, operation: &'static str, config: &StorageConfig, bucket: &str, key: &str) -> Error {
        let url = config.url(bucket, key);
        let (operation, temporary) = match &self {
            Self::Configuration(_) => ("use", false),
            Self::Credentials(_) | Self::Connection(_) | Self::Corrupt(_) => (operation, true),
            Self::Response(response) if response.has_code(&MISSING_BUCKET_CODES) => {
                return Error::BucketNotFound(bucket.to_owned());
            }
            Self::Response(response) if response.is_missing() => return Error::ObjectNotFound(url),
            Self::Response(response) if response.is_denied() => {
                return Error::AccessDenied {
                    operation,
                    url,
                    owner_variable: config.variable("expected_bucket_owner"),
                };
            }
            Self::Response(response) => (operation, response.is_temporary()),
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

/// The bucket's region in a response's headers.
pub(super) fn bucket_region(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(BUCKET_REGION)?.to_str().ok()?.to_owned())
}

/// Words, with dots in those of other services, such as `KMS.DisabledException`.
fn is_code(code: &str) -> bool {
    (1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
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
            is_delete_marker: false,
            is_foreign: false,
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
            (400, "BadDigest", true, true),
            (400, "KMS.DisabledException", false, false),
            (403, "SignatureDoesNotMatch", false, false),
            (501, "NotImplemented", false, false),
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
