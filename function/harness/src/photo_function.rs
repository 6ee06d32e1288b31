//! The trait that a function implements, and the pictures that it makes.

use std::borrow::Cow;

use opencv::core::Mat;

use crate::answer::Answer;
use crate::options::FunctionOptions;
use crate::page::DEFAULT_PAGE;
use crate::photo::PhotoError;
use crate::photo::pixels::Photo;
use crate::picture::PictureFormat;
use crate::texts::Texts;

/// What a function does with a photo. All else is done by the harness, which [`run`](crate::run()) starts.
pub trait PhotoFunction: Send + 'static {
    type Options: FunctionOptions;
    type Answer: Answer;

    const TEXTS: Texts = Texts::DEFAULT;
    /// The formats in which a picture can be requested by `Accept` over HTTP; the first is the default.
    const PICTURE_FORMATS: &'static [PictureFormat] = &[PictureFormat::JPEG];
    /// The HTML document that a browser gets. It may contain one `<script type="module">` and one `<style>`, and load
    /// nothing.
    const PAGE: &'static str = DEFAULT_PAGE;

    /// Does the one-time work of the first photo. It runs while the first event is awaited, and before a snapshot.
    fn prepare(&mut self) {}

    /// The answer about a photo. One photo is processed at a time; on Managed Instances by each of several values. After
    /// a panic, which fails only its photo, the same value gets the next photo.
    ///
    /// Long work should call [`Photo::check_time`] now and then; what does not end before the deadline of the invocation
    /// is abandoned with the process.
    ///
    /// # Errors
    /// OpenCV failed, the photo is refused, or the deadline has passed.
    fn process(&mut self, photo: &Photo, options: &Self::Options) -> Result<Self::Answer, PhotoError>;

    /// The pictures, only called if any are wanted: for events from S3 unless `output` is `sidecar`, over HTTP if the
    /// request accepts a picture rather than JSON. Over HTTP the first in the format that the
    /// request prefers is sent.
    ///
    /// # Errors
    /// As for [`Self::process`].
    fn pictures(
        &mut self,
        photo: Photo,
        answer: &Self::Answer,
        options: &Self::Options,
    ) -> Result<Vec<Picture>, PhotoError> {
        let _ = (photo, answer, options);
        Ok(Vec::new())
    }
}

/// A picture that is not yet encoded.
pub struct Picture {
    pub(crate) name: Cow<'static, str>,
    pub(crate) format: Option<PictureFormat>,
    pub(crate) pixels: Mat,
}

impl Picture {
    /// `name` is the picture's field in responses, whose value is its URL, and `{name}` in the option `output_key`.
    /// `pixels` are BGR or grey, with 8 bits per channel.
    pub fn new(name: impl Into<Cow<'static, str>>, pixels: Mat) -> Self {
        Self {
            name: name.into(),
            format: None,
            pixels,
        }
    }

    /// The picture in this format instead of the requested one.
    #[must_use]
    pub fn with_format(self, format: PictureFormat) -> Self {
        Self {
            format: Some(format),
            ..self
        }
    }
}
