//! What can be wrong with an event, by the name that a caller sees as Lambda's `errorType`; and
//! whether trying again can help.

use std::time::Duration;

use lambda_runtime::Diagnostic;
use serde::Serialize;

use crate::photo::Refusal;
use crate::text::cut;

/// A failed event, or a failed photo of one. The process lives on.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The event is of no shape that is known.
    #[error("{0}")]
    UnknownEvent(String),
    /// The event has a known shape and does not hold to it, or does not say which photo.
    #[error("{0}")]
    InvalidRequest(String),
    /// An option is unknown, impossible, or not the sender's to set.
    #[error("{0}")]
    InvalidOption(String),
    /// There is no such bucket.
    #[error("the bucket `{0}` does not exist")]
    BucketNotFound(String),
    /// The operator has not listed the bucket.
    #[error("the bucket `{0}` is not one of those that FACE_DETECT_BUCKETS lists")]
    BucketNotAllowed(String),
    /// There is no such object.
    #[error("there is no object {0}")]
    ObjectNotFound(String),
    /// The role may not do that, or the bucket is somebody else's.
    #[error(
        "not allowed to {verb} {url}; does the function's role permit it, and is the bucket's account \
         that of FACE_DETECT_EXPECTED_BUCKET_OWNER, if that is set?"
    )]
    AccessDenied {
        /// `read` or `write`.
        verb: &'static str,
        /// The object.
        url: String,
    },
    /// The storage failed otherwise.
    #[error("failed to {verb} {url}: {reason}")]
    StorageFailed {
        /// `read`, `write`, or `use` where neither can be tried.
        verb: &'static str,
        /// The object.
        url: String,
        /// What the storage said.
        reason: String,
        /// Whether it may succeed later: it was busy, broken or out of reach.
        temporary: bool,
    },
    /// The invocation's time was over before the photo was done.
    #[error(
        "no time was left to {verb} {url}; give the function more time, or fewer photos at once"
    )]
    OutOfTime {
        /// What would have been done.
        verb: &'static str,
        /// The object.
        url: String,
    },
    /// Looking at the photo was not done in nearly all of an invocation's time, which it would not be in another's.
    #[error(
        "{of}: looking at it was not done in {:.1} s, nearly all the time that an invocation has; give the \
         function more time or memory, or set a smaller `longest_side`",
        .time.as_secs_f64()
    )]
    PhotoTooSlow {
        /// The object, or `the photo` if it came with the event.
        of: String,
        /// How long it was looked at.
        time: Duration,
    },
    /// A message of a FIFO queue that comes after one that failed.
    #[error("not tried, because an earlier message of the FIFO queue failed")]
    NotTried,
    /// The photo is not worked on.
    #[error("{of}: {refusal}")]
    Photo {
        /// The object, or `the photo` if it came with the event.
        of: String,
        /// Why.
        refusal: Refusal,
    },
    /// The photo with rectangles cannot be a file.
    #[error(
        "the photo has {width}x{height} pixels, and an annotated one can have {limit} from side to side, which is JPEG's \
         limit; its faces were looked for all the same"
    )]
    AnnotatedTooLarge {
        /// The upright photo's width.
        width: u32,
        /// Its height.
        height: u32,
        /// The longest side.
        limit: u32,
    },
    /// OpenCV failed.
    #[error("OpenCV failed: {0}")]
    OpenCvFailed(String),
    /// More than Lambda takes back.
    #[error("the answer has {bytes} bytes, more than the 6 MB that Lambda takes back; {remedy}")]
    AnswerTooLarge {
        /// The answer's size.
        bytes: usize,
        /// What to do.
        remedy: &'static str,
    },
    /// A panic where none is expected.
    #[error("the function failed in a way that is a defect of its own; its log says where")]
    InternalError,
}

/// The longest message, in characters: some repeat what was sent.
const LONGEST: usize = 2000;

impl Error {
    /// The name that a caller sees.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnknownEvent(_) => "UnknownEvent",
            Self::InvalidRequest(_) => "InvalidRequest",
            Self::InvalidOption(_) => "InvalidOption",
            Self::BucketNotFound(_) => "BucketNotFound",
            Self::BucketNotAllowed(_) => "BucketNotAllowed",
            Self::ObjectNotFound(_) => "ObjectNotFound",
            Self::AccessDenied { .. } => "AccessDenied",
            Self::StorageFailed { .. } => "StorageFailed",
            Self::OutOfTime { .. } => "OutOfTime",
            Self::PhotoTooSlow { .. } => "PhotoTooSlow",
            Self::NotTried => "NotTried",
            Self::Photo { refusal, .. } => refusal.name(),
            Self::AnnotatedTooLarge { .. } => "AnnotatedTooLarge",
            Self::OpenCvFailed(_) => "OpenCvFailed",
            Self::AnswerTooLarge { .. } => "AnswerTooLarge",
            Self::InternalError => "InternalError",
        }
    }

    /// What a caller is told.
    pub fn message(&self) -> String {
        cut(&self.to_string(), LONGEST).into_owned()
    }

    /// Whether the same event may be answered well later.
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
            Self::AnnotatedTooLarge { .. } | Self::AnswerTooLarge { .. } => 413,
            Self::PhotoTooSlow { .. } => 422,
            Self::OpenCvFailed(_) | Self::InternalError => 500,
            Self::Photo { refusal, .. } => match refusal {
                Refusal::NotAnImage(_) | Refusal::UnsupportedImage(_) => 415,
                Refusal::PhotoTooLarge { .. }
                | Refusal::TooManyPixels { .. }
                | Refusal::NotEnoughMemory { .. }
                | Refusal::DecoderTookTooMuch(_)
                | Refusal::TooMuchWork(..) => 413,
                Refusal::PhotoTruncated(..) | Refusal::NoPixels(..) | Refusal::PhotoDamaged(..) => {
                    422
                }
            },
        }
    }
}

/// An error as answers have it beside what went well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The name that a caller sees.
    #[serde(rename = "type")]
    pub name: &'static str,
    /// What is wrong.
    pub message: String,
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        Self {
            name: error.name(),
            message: error.to_string(),
        }
    }
}

#[cfg(feature = "opencv")]
impl From<opencv::Error> for Error {
    fn from(error: opencv::Error) -> Self {
        Self::OpenCvFailed(error.to_string())
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

/// The function's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;
