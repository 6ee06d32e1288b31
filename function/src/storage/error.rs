//! What the storage said, as an error with a name, and whether it may do later what it did not do now.
//!
//! The object store tells an answer's status and body only in its text. Of the body nothing but S3's
//! code goes on: the body of an expired token has the token in it.

use crate::error::Error;
use crate::options::StorageConfig;

/// Codes that go away, whatever their status. Source: Amazon S3 API Reference, "Error responses".
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
/// Codes of an object that is there and cannot be read as it is: it is archived.
const ARCHIVED_CODE: &str = "InvalidObjectState";
/// The longest reason, in characters.
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
        Store::NotFound { .. } if code == Some("NoSuchBucket") => {
            Error::BucketNotFound(bucket.to_owned())
        }
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

/// The error for a bucket that cannot even be asked: what the environment says of S3 is wrong.
pub fn configuration_error(
    config: &StorageConfig,
    bucket: &str,
    error: &object_store::Error,
) -> Error {
    Error::StorageFailed {
        operation: "use",
        url: config.url(bucket, ""),
        reason: reason(&error.to_string(), None),
        temporary: false,
    }
}

/// S3's code in the body of its answer.
fn error_code(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_alphanumeric = code.chars().all(|letter| letter.is_ascii_alphanumeric());
    is_alphanumeric.then_some(code)
}

/// The status of the answer, with its words, as `404 Not Found`.
fn http_status(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("status code: ")?;
    rest.split([':', '<']).next().map(str::trim)
}

/// Whether an answer without a code may be another one later. A status of 400 and the like is about
/// the request, but for those that ask for patience, the conflict with another request, and a range that is not there:
/// ranges are asked for only to go on after a break, of content whose length was wrong. A redirection, which is not
/// followed, is about the region, but for the one that S3 has for new buckets. Everything else is about S3 or the way to
/// it.
fn is_temporary(error: &object_store::Error, text: &str) -> bool {
    if text.contains("redirect without LOCATION") {
        return false;
    }
    let conflict = matches!(error, object_store::Error::AlreadyExists { .. });
    let transient_statuses = ["408", "409", "416", "429"];
    let is_permanent = |status: &str| {
        (status.starts_with('3') && !status.starts_with("307"))
            || status.starts_with('4')
                && !transient_statuses
                    .iter()
                    .any(|code| status.starts_with(code))
    };
    conflict || !http_status(text).is_some_and(is_permanent)
}

fn reason(text: &str, code: Option<&str>) -> String {
    let reason = http_status(text).map_or_else(
        // Nothing came back, so there is no body; cut all the same, in case of one.
        || text.split('<').next().unwrap_or_default().to_owned(),
        |status| format!("S3 answered {status}"),
    );
    let reason: String = reason.chars().take(MAX_REASON_CHARS).collect();
    match code {
        Some(ARCHIVED_CODE) => {
            format!("{reason} ({ARCHIVED_CODE}: it is archived and must be restored first)")
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
        let text = format!(
            "Server returned non-2xx status code: {status}: {}",
            error_body(code)
        );
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
        assert_eq!(
            read_error(&missing("NoSuchBucket")).name(),
            "BucketNotFound"
        );
        let error = read_error(&missing("NoSuchKey"));
        assert_eq!(error.to_string(), "there is no object s3://b/k");
    }

    #[test]
    fn transient_errors_are_temporary_and_secrets_are_not_repeated() {
        for (error, temporary) in [
            (generic("400 Bad Request", "ExpiredToken"), true),
            (generic("400 Bad Request", "RequestTimeout"), true),
            (generic("400 Bad Request", "InvalidArgument"), false),
            (generic("503 Slow Down", "SlowDown"), true),
            (generic("500 Internal Server Error", "Other"), true),
            (
                generic("416 Requested Range Not Satisfiable", "InvalidRange"),
                true,
            ),
            (generic("429 Too Many Requests", "Other"), true),
        ] {
            let failed = read_error(&error);
            assert_eq!(failed.is_temporary(), temporary, "{error}");
            assert!(!failed.to_string().contains("SECRET"), "{failed}");
        }
        let reason = read_error(&generic("400 Bad Request", "ExpiredToken")).to_string();
        assert!(
            reason.ends_with("S3 answered 400 Bad Request (ExpiredToken)"),
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
