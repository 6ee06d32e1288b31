//! What looks at photos, what it is asked, and what it says.

use std::time::Duration;

use bytes::Bytes;

use crate::error::{Problem, Result};
use crate::faces::Face;
use crate::options::Detection;
use crate::photo::watch::Watch;
use crate::photo::{Failure, Header};

pub trait Vision: Send + Sync + 'static {
    /// Does what the first look would have to do besides looking. A look that comes meanwhile waits for it.
    fn prepare(&self) {}

    /// What is in the photo whose file is given, and the photo with rectangles if it is wanted.
    fn look(&self, file: &[u8], header: &Header, task: &Task) -> Result<Seen, Failure>;
}

#[derive(Clone, Debug)]
pub struct Task {
    pub detection: Detection,
    /// The quality of the photo with rectangles, 1 to 100; none is made without.
    pub annotate: Option<i32>,
    /// What each step asks whether to go on.
    pub watch: Watch,
}

#[derive(Clone, Debug)]
pub struct Seen {
    /// The upright photo's sides, in pixels.
    pub width: u32,
    pub height: u32,
    /// From left to right.
    pub faces: Vec<Face>,
    /// The photo with rectangles, a JPEG file, if it was wanted; or why there can be none, which takes nothing from what
    /// was seen.
    pub annotated: Option<Result<Bytes>>,
    pub times: Times,
}

impl Seen {
    pub fn annotated_error(&self) -> Option<Problem> {
        let error = self.annotated.as_ref()?.as_ref().err()?;
        Some(Problem::from(error))
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    pub decode: Duration,
    pub detect: Duration,
    pub annotate: Duration,
}
