//! What looks at photos, what it is asked, and what it says.

use std::time::Duration;

use bytes::Bytes;

use crate::error::{ErrorDetails, Result};
use crate::faces::Face;
use crate::options::DetectionOptions;
use crate::photo::resource_limits::ResourceLimits;
use crate::photo::{Header, PhotoError};

pub trait Detector: Send + Sync + 'static {
    /// Does what the first look would have to do besides looking. A look that comes meanwhile waits for it.
    fn prepare(&self) {}

    /// What is in the photo whose file is given, and the photo with rectangles if it is wanted.
    fn detect(
        &self,
        file: &[u8],
        header: &Header,
        task: &DetectionTask,
    ) -> Result<Detections, PhotoError>;
}

#[derive(Clone, Debug)]
pub struct DetectionTask {
    pub detection: DetectionOptions,
    /// The quality of the photo with rectangles, 1 to 100; none is made without.
    pub annotation_quality: Option<i32>,
    /// What each step asks whether to go on.
    pub limits: ResourceLimits,
}

#[derive(Clone, Debug)]
pub struct Detections {
    /// The upright photo's sides, in pixels.
    pub width: u32,
    pub height: u32,
    /// From left to right.
    pub faces: Vec<Face>,
    /// The photo with rectangles, a JPEG file, if it was wanted; or why there can be none, which takes nothing from what
    /// was seen.
    pub annotated: Option<Result<Bytes>>,
    pub times: StepTimes,
}

impl Detections {
    pub fn annotated_error(&self) -> Option<ErrorDetails> {
        let error = self.annotated.as_ref()?.as_ref().err()?;
        Some(ErrorDetails::from(error))
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct StepTimes {
    pub decode: Duration,
    pub detect: Duration,
    pub annotate: Duration,
}
