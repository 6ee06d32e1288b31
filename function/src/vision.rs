//! From a photo's file to what is in it: the one step that needs OpenCV, behind a trait, so that all
//! the rest can be built and tested without.

#[cfg(feature = "opencv")]
mod open_cv;
#[cfg(feature = "opencv")]
mod threads;

use std::time::{Duration, Instant};

use bytes::Bytes;

#[cfg(feature = "opencv")]
pub use open_cv::OpenCv;

use crate::error::{Error, Problem, Result};
use crate::faces::Face;
use crate::options::Detection;
use crate::photo::watch::Watch;
use crate::photo::{Header, Refusal};

/// Looks at photos.
pub trait Vision: Send + Sync + 'static {
    /// Does what the first look would have to do besides looking. A look that comes meanwhile waits for it.
    fn prepare(&self) {}

    /// What is in the photo whose file is given, and the photo with rectangles if it is wanted.
    fn look(&self, file: &[u8], header: &Header, task: &Task) -> Result<Seen, Failure>;
}

/// What is to be done with a photo.
#[derive(Clone, Debug)]
pub struct Task {
    /// How to look.
    pub detection: Detection,
    /// The quality of the photo with rectangles, 1 to 100; none is made without.
    pub annotate: Option<i32>,
    /// When nobody waits for it any more; it is given up at the next step then.
    pub until: Instant,
    /// The function's memory in bytes, if it is known. Decoding is given up before it takes all of that.
    pub memory: Option<u64>,
}

impl Task {
    /// Gives up when nobody waits any more.
    pub fn check(&self) -> Result<(), Failure> {
        if Instant::now() < self.until {
            return Ok(());
        }
        Err(Failure::OutOfTime)
    }

    /// What decoders and encoders ask whether to go on.
    pub fn watch(&self) -> Watch {
        Watch {
            until: self.until,
            memory: self.memory,
        }
    }
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The upright photo's width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// From left to right.
    pub faces: Vec<Face>,
    /// The photo with rectangles, a JPEG file, if it was wanted; or why there can be none, which takes nothing from what
    /// was seen.
    pub annotated: Option<Result<Bytes>>,
    /// How long it took.
    pub times: Times,
}

impl Seen {
    /// Why there is no photo with rectangles although it was wanted.
    pub fn annotated_error(&self) -> Option<Problem> {
        let error = self.annotated.as_ref()?.as_ref().err()?;
        Some(Problem::from(error))
    }
}

/// How long each step took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// From the file to pixels.
    pub decode: Duration,
    /// From pixels to faces.
    pub detect: Duration,
    /// From pixels to the file with rectangles.
    pub annotate: Duration,
}

/// Why nothing was seen.
#[derive(Clone, Debug)]
pub enum Failure {
    /// It is the photo.
    Photo(Refusal),
    /// It is OpenCV.
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

/// For tests of what the whole process has one of, as the number of OpenCV's threads: one runs at a time.
#[cfg(all(test, feature = "opencv"))]
pub(crate) fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
