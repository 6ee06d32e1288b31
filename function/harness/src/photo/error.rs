//! Reasons why the processing of a photo failed.

use super::refusal::Refusal;
use crate::error::Error;

#[derive(Clone, Debug)]
pub enum PhotoError {
    Refused(Refusal),
    OpenCv(String),
    /// The deadline has passed.
    OutOfTime,
}

impl PhotoError {
    /// `operation` is the function's verb, as in [`Texts::operation`](crate::Texts::operation).
    #[must_use]
    pub fn into_error(self, operation: &'static str, url: &str) -> Error {
        match self {
            Self::Refused(refusal) => Error::Photo {
                photo: url.to_owned(),
                refusal,
            },
            Self::OpenCv(what) => Error::OpenCvFailed(what),
            Self::OutOfTime => Error::OutOfTime {
                operation,
                url: url.to_owned(),
            },
        }
    }
}
