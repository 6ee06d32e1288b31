//! The options of a function, beside those of the harness.

use std::fmt::Debug;

use serde::Serialize;

use super::key_pattern::KeyPattern;
use super::spec::OptionSpec;
use crate::photo::{Channels, Decoding};

/// A function's own options, validated. They are part of sidecars, so their names there should be those in events.
///
/// ```
/// use harness::options::{FunctionOptions, OptionSpec, SetBy, in_range, store};
///
/// #[derive(Clone, Debug, PartialEq, serde::Serialize)]
/// struct Options {
///     longest_side: u32,
/// }
///
/// impl Default for Options {
///     fn default() -> Self {
///         Self { longest_side: 320 }
///     }
/// }
///
/// impl FunctionOptions for Options {
///     const SPECS: &'static [OptionSpec<Self>] = &[OptionSpec {
///         name: "longest_side",
///         settable_by: SetBy::Anyone,
///         allowed: "a whole number of pixels from 16 to 4096",
///         show: |options| Some(options.longest_side.to_string()),
///         set: |options, value| store(in_range(16, 4096, value), &mut options.longest_side),
///     }];
/// }
/// ```
pub trait FunctionOptions: Clone + Debug + Default + PartialEq + Serialize + Send + Sync + 'static {
    /// An option's variable is this prefix and the option's name in upper case.
    const ENVIRONMENT_PREFIX: &'static str = "PHOTO_";
    const SPECS: &'static [OptionSpec<Self>] = &[];
    /// Sets of defaults, one of which the option `preset` selects. None of them without presets.
    const PRESETS: &'static [Preset<Self>] = &[];
    /// The key of a picture that is written, unless the option `output_key` is set.
    const OUTPUT_KEY: &'static str = "{key}_output.{extension}";
    /// The option that makes the work on a photo smaller, for messages, such as `longest_side`.
    const WORK_OPTION: Option<&'static str> = None;

    /// The defaults for direct events, which have `BUCKET_NAME` and `S3_KEY`. For all others they are `default()`.
    #[must_use]
    fn for_direct_events() -> Self {
        Self::default()
    }

    /// The name of the preset that the options are from, for messages.
    fn preset_name(&self) -> &'static str {
        ""
    }

    /// How photos are decoded: by default in their own size, with colours.
    fn decoding(&self) -> Decoding {
        Decoding {
            longest_side: 0,
            channels: Channels::Bgr,
        }
    }

    /// The bytes that the function needs for a decoded image of this width and height in pixels, besides the image
    /// itself. The harness refuses a photo for which the memory is not enough. By default two further images.
    fn working_bytes(&self, (width, height): (u32, u32)) -> u64 {
        let pixels = u64::from(width).saturating_mul(u64::from(height));
        pixels.saturating_mul(2 * 3)
    }

    /// The key to which photos are moved whose answer says so: [`Answer::moves_photo`]. Its only placeholder is `{key}`.
    /// Photos that are there already are not moved, and notifications of them are skipped.
    ///
    /// [`Answer::moves_photo`]: crate::Answer::moves_photo
    fn destination(&self) -> Option<&KeyPattern> {
        None
    }

    /// The options with which a photo of this width and height takes no more work than anyone who can reach the
    /// function's URL may cause. By default unchanged.
    #[must_use]
    fn with_bounded_work(self, _width: u32, _height: u32) -> Self {
        self
    }

    /// Refuses combinations of values that are valid only individually.
    ///
    /// # Errors
    /// Why they are refused.
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }

    /// Refuses values that are too expensive if anyone who can reach the function's URL may set them.
    ///
    /// # Errors
    /// Why they are refused.
    fn validate_for_anyone(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A function without options of its own.
impl FunctionOptions for () {}

/// A set of defaults for a function's options.
pub struct Preset<O> {
    /// The value of the option `preset`.
    pub name: &'static str,
    pub options: fn() -> O,
}

/// The name of the variable that sets an option.
pub(crate) fn variable<O: FunctionOptions>(option: &str) -> String {
    format!("{}{}", O::ENVIRONMENT_PREFIX, option.to_ascii_uppercase())
}
