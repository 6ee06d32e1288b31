//! What looks at photos, what it is asked, and what it says.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::error::{Problem, Result};
use crate::faces::Face;
use crate::options::Detection;
use crate::photo::watch::Watch;
use crate::photo::{Failure, Header};

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
