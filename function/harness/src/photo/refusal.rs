//! Permanent reasons why a photo is not processed.

use strum::IntoStaticStr;

use super::format::Format;

/// A permanent reason why a photo is refused: a retry has the same result.
#[derive(Clone, Debug, IntoStaticStr, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is not an image: its {0} bytes do not start like any known format")]
    NotAnImage(usize),
    #[error("it is {0}, which is not supported; use JPEG, PNG or WebP")]
    UnsupportedImage(String),
    #[error("it is a {0} that ends early, after {1} bytes; was the upload complete?")]
    PhotoTruncated(Format, usize),
    /// `variable` is the one that sets the limit.
    #[error("it has {bytes} bytes, and {variable} permits {limit}")]
    PhotoTooLarge { bytes: u64, limit: u64, variable: String },
    #[error("it has {width}x{height} pixels, and {variable} permits {limit}")]
    TooManyPixels {
        width: u32,
        height: u32,
        limit: u64,
        variable: String,
    },
    /// Memory in megabytes; `required` is an estimate for the whole process.
    #[error(
        "its {width}x{height} pixels need about {required} MB of memory, and the function has {available} \
         MB; give it more{}",
        smaller_work(.work_variable.as_deref())
    )]
    NotEnoughMemory {
        width: u32,
        height: u32,
        required: u64,
        available: u64,
        /// The one that makes the work smaller.
        work_variable: Option<String>,
    },
    /// Decoding needed more memory than its header suggested and was stopped. The field is the function's memory in
    /// megabytes.
    #[error(
        "decoding it takes nearly all of the function's {0} MB of memory, so it was stopped; give the function more"
    )]
    #[strum(serialize = "NotEnoughMemory")]
    DecoderOutOfMemory(u64),
    /// Decoding would take far longer than for other photos of its size.
    #[error("it is a {0} that would take too much work: {1}")]
    TooMuchWork(Format, String),
    #[error("its header says {0}x{1} pixels, so it is empty")]
    NoPixels(u32, u32),
    /// The header is valid, but the rest is not.
    #[error("it is a {0} that cannot be decoded: {1}")]
    PhotoDamaged(Format, String),
}

fn smaller_work(variable: Option<&str>) -> String {
    variable.map_or(String::new(), |variable| format!(", or a smaller {variable}"))
}

impl Refusal {
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// Source: RFC 9110, 15.5.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotAnImage(_) | Self::UnsupportedImage(_) => 415,
            Self::PhotoTruncated(..) | Self::NoPixels(..) | Self::PhotoDamaged(..) => 422,
            Self::PhotoTooLarge { .. }
            | Self::TooManyPixels { .. }
            | Self::NotEnoughMemory { .. }
            | Self::DecoderOutOfMemory(_)
            | Self::TooMuchWork(..) => 413,
        }
    }
}
