//! How logs, metrics and errors name what a function does.

/// A function's words. Their defaults are for any function: set only those for which yours has a better word.
///
/// ```
/// use harness::Texts;
///
/// const TEXTS: Texts = Texts {
///     operation: "blur faces in",
///     ..Texts::DEFAULT
/// };
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Texts {
    /// The verb before a photo's URL: `failed to process s3://b/k`.
    pub operation: &'static str,
    /// The noun: `processing did not finish in 3 s`.
    pub activity: &'static str,
    /// The name in the log of the time of [`Processor::process`] without decoding and drawing.
    ///
    /// [`Processor::process`]: crate::processor::Processor::process
    pub process_step: &'static str,
    /// The name in the log of the time in which pictures are made.
    pub picture_step: &'static str,
    /// The metric of the time of `process_step`.
    pub time_metric: &'static str,
    /// How the answer about a photo becomes smaller, for responses that are too large.
    pub smaller_answer: &'static str,
}

impl Texts {
    pub const DEFAULT: Self = Self {
        operation: "process",
        activity: "processing",
        process_step: "process",
        picture_step: "draw",
        time_metric: "ProcessingTime",
        smaller_answer: "choose options for a smaller answer",
    };
}
