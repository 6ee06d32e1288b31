//! Reasons why detection in a photo failed.

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
    pub fn into_error(self, url: &str) -> Error {
        match self {
            Self::Refused(refusal) => Error::Photo {
                photo: url.to_owned(),
                refusal,
            },
            Self::OpenCv(what) => Error::OpenCvFailed(what),
            Self::OutOfTime => Error::OutOfTime {
                operation: "detect faces in",
                url: url.to_owned(),
            },
        }
    }
}
