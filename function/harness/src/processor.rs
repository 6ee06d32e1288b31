//! What the harness needs of a function: it processes a photo's file. Tests implement it without OpenCV.

use std::time::Duration;

use crate::answer::Answer;
use crate::options::FunctionOptions;
use crate::page::DEFAULT_PAGE;
use crate::photo::resource_limits::ResourceLimits;
use crate::photo::{Header, PhotoError};
use crate::picture::{PictureFile, PictureFormat, PictureRequest};
use crate::texts::Texts;

pub trait Processor: Send + Sync + 'static {
    type Options: FunctionOptions;
    type Answer: Answer;

    const TEXTS: Texts = Texts::DEFAULT;
    /// The formats in which a picture can be requested, the default first.
    const PICTURE_FORMATS: &'static [PictureFormat] = &[PictureFormat::JPEG];
    /// The HTML document for browsers.
    const PAGE: &'static str = DEFAULT_PAGE;

    /// Does the one-time work of the first photo. A photo that arrives during it waits for it.
    fn prepare(&self) {}

    /// Processes the photo with this `file`, and makes pictures if `task` requests them.
    ///
    /// # Errors
    /// The photo is refused, the deadline has passed, or OpenCV failed.
    fn process(
        &self,
        file: &[u8],
        header: &Header,
        task: &Task<Self::Options>,
    ) -> Result<Processed<Self::Answer>, PhotoError>;
}

/// What is done with a photo.
#[derive(Clone, Debug)]
pub struct Task<O> {
    pub options: O,
    /// The pictures that are wanted, if any.
    pub pictures: Option<PictureRequest>,
    /// Checked by each step.
    pub limits: ResourceLimits,
}

/// A processed photo.
#[derive(Clone, Debug)]
pub struct Processed<A> {
    /// The upright photo's size, in pixels.
    pub width: u32,
    pub height: u32,
    pub answer: A,
    /// Those that were requested.
    pub pictures: Vec<PictureFile>,
    pub times: StepTimes,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct StepTimes {
    pub decode: Duration,
    pub process: Duration,
    pub pictures: Duration,
}
