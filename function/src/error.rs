//! What can be wrong with an event, by the name that a caller sees as Lambda's `errorType`; and
//! whether trying again can help.

use std::time::Duration;

use lambda_runtime::Diagnostic;
use serde::Serialize;
use strum::IntoStaticStr;

use crate::photo::Refusal;
use crate::text::truncate;

/// A failed event, or a failed photo of one, whose address or `the photo` is `photo`. The process lives on.
#[derive(Clone, Debug, IntoStaticStr, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    UnknownEvent(String),
    /// The event has a known shape and does not hold to it, or does not say which photo.
    #[error("{0}")]
    InvalidRequest(String),
    /// An option is unknown, impossible, or not the sender's to set.
    #[error("{0}")]
    InvalidOption(String),
    #[error("the bucket `{0}` does not exist")]
    BucketNotFound(String),
    #[error("the bucket `{0}` is not one of those that FACE_DETECT_BUCKETS lists")]
    BucketNotAllowed(String),
    #[error("there is no object {0}")]
    ObjectNotFound(String),
    #[error(
        "not allowed to {operation} {url}; does the function's role permit it, and is the bucket's account \
         that of FACE_DETECT_EXPECTED_BUCKET_OWNER, if that is set?"
    )]
    AccessDenied {
        operation: &'static str,
        url: String,
    },
    #[error("failed to {operation} {url}: {reason}")]
    StorageFailed {
        /// `read`, `write`, or `use` where neither can be tried.
        operation: &'static str,
        url: String,
        reason: String,
        /// Whether it may succeed later: it was busy, broken or out of reach.
        temporary: bool,
    },
    #[error(
        "no time was left to {operation} {url}; give the function more time, or fewer photos at once"
    )]
    OutOfTime {
        operation: &'static str,
        url: String,
    },
    /// Looking at the photo was not done in nearly all of an invocation's time, which it would not be in another's.
    #[error(
        "{photo}: looking at it was not done in {:.1} s, nearly all the time that an invocation has; give the \
         function more time or memory, or set a smaller `longest_side`",
        .time.as_secs_f64()
    )]
    PhotoTooSlow { photo: String, time: Duration },
    #[error("not tried, because an earlier message of the FIFO queue failed")]
    NotTried,
    #[error("{photo}: {refusal}")]
    Photo { photo: String, refusal: Refusal },
    #[error(
        "the photo has {width}x{height} pixels, and an annotated one can have {limit} from side to side, which is JPEG's \
         limit; its faces were looked for all the same"
    )]
    AnnotatedTooLarge { width: u32, height: u32, limit: u32 },
    #[error("OpenCV failed: {0}")]
    OpenCvFailed(String),
    #[error("the answer has {bytes} bytes, more than the 6 MB that Lambda takes back; {remedy}")]
    ResponseTooLarge { bytes: usize, remedy: &'static str },
    /// A panic where none is expected.
    #[error("the function failed in a way that is a defect of its own; its log says where")]
    InternalError,
}

/// The longest message, in characters: some repeat what was sent.
const MAX_MESSAGE_CHARS: usize = 2000;

impl Error {
    /// The name that a caller sees.
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

    /// The HTTP status that says it. Source: RFC 9110, 15.5 and 15.6.
    pub fn status(&self) -> u16 {
        match self {
            Self::UnknownEvent(_) | Self::InvalidRequest(_) | Self::InvalidOption(_) => 400,
            Self::BucketNotFound(_) | Self::ObjectNotFound(_) => 404,
            Self::AccessDenied { .. } | Self::BucketNotAllowed(_) => 403,
            Self::StorageFailed { .. } => 502,
            Self::OutOfTime { .. } | Self::NotTried => 503,
            Self::AnnotatedTooLarge { .. } | Self::ResponseTooLarge { .. } => 413,
            Self::PhotoTooSlow { .. } => 422,
            Self::OpenCvFailed(_) | Self::InternalError => 500,
            Self::Photo { refusal, .. } => refusal.status(),
        }
    }
}

/// An error as answers have it beside what went well.
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
