//! Why nothing is known of what is in a photo.

use super::refusal::Refusal;
use crate::error::Error;

#[derive(Clone, Debug)]
pub enum Failure {
    Photo(Refusal),
    OpenCv(String),
    /// Nobody waits for it any more.
    OutOfTime,
}

impl Failure {
    /// The error for the photo `of` that name.
    pub fn of(self, of: &str) -> Error {
        match self {
            Self::Photo(refusal) => Error::Photo {
                of: of.to_owned(),
                refusal,
            },
            Self::OpenCv(what) => Error::OpenCvFailed(what),
            Self::OutOfTime => Error::OutOfTime {
                verb: "look at",
                url: of.to_owned(),
            },
        }
    }
}
