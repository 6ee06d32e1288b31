//! Errors of events and photos. A variant's name is the `errorType` of the invocation.

use std::borrow::Cow;
use std::time::Duration;

use lambda_runtime::Diagnostic;
use serde::Serialize;
use strum::IntoStaticStr;

use crate::photo::Refusal;
use crate::truncate::truncate;

/// An error of one event, which does not end the process. The field `photo` is the photo's URL, or the text `the
/// photo`.
#[derive(Clone, Debug, IntoStaticStr, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    UnknownEvent(String),
    /// The event is of a known type but malformed, or does not name a photo.
    #[error("{0}")]
    InvalidRequest(String),
    /// An option is unknown, has an invalid value, or may not be set by the sender.
    #[error("{0}")]
    InvalidOption(String),
    #[error("the bucket `{0}` does not exist")]
    BucketNotFound(String),
    #[error("the bucket `{bucket}` is not listed in {variable}")]
    BucketNotAllowed { bucket: String, variable: String },
    #[error("the object {0} does not exist")]
    ObjectNotFound(String),
    #[error(
        "failed to {operation} {url}: access denied; the function's role must permit it, and {owner_variable}, if set, \
         must be the bucket's account"
    )]
    AccessDenied {
        operation: &'static str,
        url: String,
        owner_variable: String,
    },
    #[error("failed to {operation} {url}: {reason}")]
    StorageFailed {
        /// `read` or `write`, or `use` if the configuration is invalid.
        operation: &'static str,
        url: String,
        reason: String,
        /// Whether a retry may succeed: S3 was busy, failed or was unreachable.
        temporary: bool,
    },
    #[error("failed to {operation} {url}: no time left; increase the function's timeout or send fewer photos at once")]
    OutOfTime { operation: &'static str, url: String },
    /// The photo's work did not finish although it had nearly the whole time of an invocation, so a retry would not help.
    #[error(
        "{photo}: {activity} did not finish in {:.1} s, nearly the whole timeout of the function; increase its timeout \
         or memory{}",
        .time.as_secs_f64(),
        smaller_work(*.work_option)
    )]
    PhotoTooSlow {
        photo: String,
        time: Duration,
        activity: &'static str,
        /// The option that makes the work smaller.
        work_option: Option<&'static str>,
    },
    #[error("not tried: an earlier message of the FIFO queue failed")]
    NotTried,
    #[error("{photo}: {refusal}")]
    Photo { photo: String, refusal: Refusal },
    #[error(
        "the picture has {width}x{height} pixels, more than its format's limit of {limit} per side; the rest of the \
         answer is complete"
    )]
    AnnotatedTooLarge { width: u32, height: u32, limit: u32 },
    #[error("OpenCV failed: {0}")]
    OpenCvFailed(String),
    /// An error in the program of the function.
    #[error("{photo}: the function's answer cannot be part of a response: {reason}")]
    InvalidAnswer { photo: String, reason: String },
    /// `limit` is that of Lambda or of the sender.
    #[error("the response has {bytes} bytes, more than the limit of {limit}; {remedy}")]
    ResponseTooLarge {
        bytes: usize,
        limit: usize,
        remedy: Cow<'static, str>,
    },
    #[error("the function panicked, which is a bug; its log has the location")]
    InternalError,
}

fn smaller_work(option: Option<&str>) -> String {
    option.map_or(String::new(), |option| format!(", or set a smaller `{option}`"))
}

/// Some messages quote the input.
const MAX_MESSAGE_CHARS: usize = 2000;

impl Error {
    /// The name of the error type that a caller gets.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Photo { refusal, .. } => refusal.name(),
            other => other.into(),
        }
    }

    pub fn message(&self) -> String {
        truncate(&self.to_string(), MAX_MESSAGE_CHARS).into_owned()
    }

    pub fn is_temporary(&self) -> bool {
        match self {
            Self::StorageFailed { temporary, .. } => *temporary,
            Self::OutOfTime { .. } | Self::NotTried => true,
            _ => false,
        }
    }

    /// Source: RFC 9110, 15.5 and 15.6.
    pub fn status(&self) -> u16 {
        match self {
            Self::UnknownEvent(_) | Self::InvalidRequest(_) | Self::InvalidOption(_) => 400,
            Self::BucketNotFound(_) | Self::ObjectNotFound(_) => 404,
            Self::AccessDenied { .. } | Self::BucketNotAllowed { .. } => 403,
            Self::StorageFailed { .. } => 502,
            Self::OutOfTime { .. } | Self::NotTried => 503,
            Self::AnnotatedTooLarge { .. } | Self::ResponseTooLarge { .. } => 413,
            Self::PhotoTooSlow { .. } => 422,
            Self::OpenCvFailed(_) | Self::InvalidAnswer { .. } | Self::InternalError => 500,
            Self::Photo { refusal, .. } => refusal.status(),
        }
    }
}

/// An error in a response that is otherwise successful.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorDetails {
    #[serde(rename = "type")]
    pub name: &'static str,
    pub message: String,
}

impl From<&Error> for ErrorDetails {
    fn from(error: &Error) -> Self {
        Self {
            name: error.name(),
            message: error.to_string(),
        }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        Self {
            error_type: error.name().to_owned(),
            error_message: error.message(),
        }
    }
}

pub type Result<T, E = Error> = std::result::Result<T, E>;
