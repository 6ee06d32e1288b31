//! Why nothing is known of what is in a photo.

use super::refusal::Refusal;
use crate::error::Error;

#[derive(Clone, Debug)]
pub enum PhotoError {
    Refused(Refusal),
    OpenCv(String),
    /// Nobody waits for it any more.
    OutOfTime,
}

impl PhotoError {
    /// The error for the photo at `url`.
    pub fn into_error(self, url: &str) -> Error {
        match self {
            Self::Refused(refusal) => Error::Photo {
                photo: url.to_owned(),
                refusal,
            },
            Self::OpenCv(what) => Error::OpenCvFailed(what),
            Self::OutOfTime => Error::OutOfTime {
                operation: "look at",
                url: url.to_owned(),
            },
        }
    }
}
