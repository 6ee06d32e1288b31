//! The trait of detectors, their input and their output.

use std::time::Duration;

use bytes::Bytes;

use crate::error::{ErrorDetails, Result};
use crate::faces::Face;
use crate::options::DetectionOptions;
use crate::photo::resource_limits::ResourceLimits;
use crate::photo::{AnnotationOptions, Header, PhotoError};

pub trait Detector: Send + Sync + 'static {
    /// Does the one-time work of the first detection. A detection that starts during it waits for it.
    fn prepare(&self) {}

    /// Detects faces in the photo with this `file`, and draws them if `task` requests it.
    fn detect(&self, file: &[u8], header: &Header, task: &DetectionTask) -> Result<Detections, PhotoError>;
}

#[derive(Clone, Debug)]
pub struct DetectionTask {
    pub detection: DetectionOptions,
    /// The annotated photo that is wanted, if any.
    pub annotation: Option<AnnotationOptions>,
    /// Checked by each step.
    pub limits: ResourceLimits,
}

#[derive(Clone, Debug)]
pub struct Detections {
    /// The upright photo's size, in pixels.
    pub width: u32,
    pub height: u32,
    /// The faces, sorted from left to right.
    pub faces: Vec<Face>,
    /// The annotated photo as a JPEG file, if requested, or why there is none, which does not affect the faces.
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
