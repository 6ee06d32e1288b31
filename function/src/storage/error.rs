//! Converts errors of `object_store`, and decides whether they are temporary.
//!
//! `object_store` reports the status and body of a response only in its error text. Only S3's error code is taken
//! from the body, because S3 repeats an expired token in it.

use crate::error::Error;
use crate::options::StorageConfig;

/// Codes of errors that are temporary regardless of their status. Source: Amazon S3 API Reference, "Error responses".
const TRANSIENT_CODES: [&str; 9] = [
    "ExpiredToken",
    "InternalError",
    "OperationAborted",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottlingException",
    "TokenRefreshRequired",
];
/// The code for an archived object.
const ARCHIVED_CODE: &str = "InvalidObjectState";
const MAX_REASON_CHARS: usize = 300;

pub fn storage_error(
    operation: &'static str,
    config: &StorageConfig,
    bucket: &str,
    key: &str,
    error: &object_store::Error,
) -> Error {
    use object_store::Error as Store;

    let url = config.url(bucket, key);
    let text = error.to_string();
    let code = error_code(&text);
    let is_transient = code.is_some_and(|code| TRANSIENT_CODES.contains(&code));
    match error {
        Store::NotFound { .. } if code == Some("NoSuchBucket") => Error::BucketNotFound(bucket.to_owned()),
        Store::NotFound { .. } => Error::ObjectNotFound(url),
        Store::PermissionDenied { .. } | Store::Unauthenticated { .. }
            if !is_transient && code != Some(ARCHIVED_CODE) =>
        {
            Error::AccessDenied { operation, url }
        }
        _ => Error::StorageFailed {
            operation,
            url,
            temporary: is_transient || (code != Some(ARCHIVED_CODE) && is_temporary(error, &text)),
            reason: reason(&text, code),
        },
    }
}

/// The error if the environment's configuration of S3 is invalid, so that no request can be sent.
pub fn configuration_error(config: &StorageConfig, bucket: &str, error: &object_store::Error) -> Error {
    Error::StorageFailed {
        operation: "use",
        url: config.url(bucket, ""),
        reason: reason(&error.to_string(), None),
        temporary: false,
    }
}

/// S3's error code, from the body of the response.
fn error_code(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_alphanumeric = code.chars().all(|letter| letter.is_ascii_alphanumeric());
    is_alphanumeric.then_some(code)
}

/// Status and reason phrase, such as `404 Not Found`.
fn http_status(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("status code: ")?;
    rest.split([':', '<']).next().map(str::trim)
}

/// Whether an error whose response has none of the codes above is temporary. A 4xx status is about the request, except
/// for throttling, timeouts, a conflict with another request, and an unsatisfiable range: ranges are requested only to
/// resume a download after an interruption, so then its length was wrong. A redirect, which is not followed, is about
/// the region, except for 307, which S3 sends for new buckets. Everything else is about S3 or the network.
fn is_temporary(error: &object_store::Error, text: &str) -> bool {
    if text.contains("redirect without LOCATION") {
        return false;
    }
    let conflict = matches!(error, object_store::Error::AlreadyExists { .. });
    let transient_statuses = ["408", "409", "416", "429"];
    let is_permanent = |status: &str| {
        (status.starts_with('3') && !status.starts_with("307"))
            || status.starts_with('4') && !transient_statuses.iter().any(|code| status.starts_with(code))
    };
    conflict || !http_status(text).is_some_and(is_permanent)
}

fn reason(text: &str, code: Option<&str>) -> String {
    let reason = http_status(text).map_or_else(
        // There was no response, so no body is expected; if there is one, it must not be repeated.
        || text.split('<').next().unwrap_or_default().to_owned(),
        |status| format!("S3 returned {status}"),
    );
    let reason: String = reason.chars().take(MAX_REASON_CHARS).collect();
    match code {
        Some(ARCHIVED_CODE) => {
            format!("{reason} ({ARCHIVED_CODE}: the object is archived; restore it first)")
        }
        Some(code) => format!("{reason} ({code})"),
        None => reason,
    }
}

#[cfg(test)]
mod tests {
    use object_store::Error as Store;

    use super::*;

    fn read_error(error: &Store) -> Error {
        storage_error("read", &StorageConfig::default(), "b", "k", error)
    }

    fn error_body(code: &str) -> String {
        format!("<Error><Code>{code}</Code><Token-0>SECRET</Token-0></Error>")
    }

    fn generic(status: &str, code: &str) -> Store {
        let text = format!("Server returned non-2xx status code: {status}: {}", error_body(code));
        Store::Generic {
            store: "S3",
            source: text.into(),
        }
    }

    #[test]
    fn missing_bucket_and_missing_object_are_distinguished() {
        let missing = |code: &str| Store::NotFound {
            path: "k".into(),
            source: error_body(code).into(),
        };
        assert_eq!(read_error(&missing("NoSuchBucket")).name(), "BucketNotFound");
        let error = read_error(&missing("NoSuchKey"));
        assert_eq!(error.to_string(), "the object s3://b/k does not exist");
    }

    #[test]
    fn transient_errors_are_temporary_and_secrets_are_not_repeated() {
        for (error, temporary) in [
            (generic("400 Bad Request", "ExpiredToken"), true),
            (generic("400 Bad Request", "RequestTimeout"), true),
            (generic("400 Bad Request", "InvalidArgument"), false),
            (generic("503 Slow Down", "SlowDown"), true),
            (generic("500 Internal Server Error", "Other"), true),
            (generic("416 Requested Range Not Satisfiable", "InvalidRange"), true),
            (generic("429 Too Many Requests", "Other"), true),
        ] {
            let failed = read_error(&error);
            assert_eq!(failed.is_temporary(), temporary, "{error}");
            assert!(!failed.to_string().contains("SECRET"), "{failed}");
        }
        let reason = read_error(&generic("400 Bad Request", "ExpiredToken")).to_string();
        assert!(
            reason.ends_with("S3 returned 400 Bad Request (ExpiredToken)"),
            "{reason}"
        );
    }

    #[test]
    fn archived_objects_and_clock_skew_are_not_access_denied() {
        let denied = |code: &str| {
            read_error(&Store::PermissionDenied {
                path: "k".into(),
                source: format!("status code: 403 Forbidden: {}", error_body(code)).into(),
            })
        };
        assert_eq!(denied("AccessDenied").name(), "AccessDenied");
        assert!(denied("RequestTimeTooSkewed").is_temporary());
        let archived = denied("InvalidObjectState");
        assert!(!archived.is_temporary());
        assert!(archived.to_string().contains("archived"), "{archived}");
    }

    #[test]
    fn wrong_region_is_not_temporary() {
        let error = Store::Generic {
            store: "S3",
            source: "Received redirect without LOCATION, this normally".into(),
        };
        assert!(!read_error(&error).is_temporary());
    }
}
