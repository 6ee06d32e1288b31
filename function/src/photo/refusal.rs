//! Why a photo is not worked on.

use strum::IntoStaticStr;

use super::format::Format;

/// Why a photo is not worked on. None of these goes away by trying again.
#[derive(Clone, Debug, IntoStaticStr, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is no image: its {0} bytes begin like no format that is known")]
    NotAnImage(usize),
    #[error("it is {0}, which cannot be read; JPEG, PNG and WebP can")]
    UnsupportedImage(String),
    #[error("it is a {0} that ends early, after {1} bytes; was it uploaded whole?")]
    PhotoTruncated(Format, usize),
    #[error("it has {bytes} bytes, and FACE_DETECT_MAX_BYTES permits {limit}")]
    PhotoTooLarge { bytes: u64, limit: u64 },
    #[error("it has {width}x{height} pixels, and FACE_DETECT_MAX_PIXELS permits {limit}")]
    TooManyPixels { width: u32, height: u32, limit: u64 },
    /// What it needs is reckoned for the whole process.
    #[error(
        "its {width}x{height} pixels need about {required} MB of memory, and the function has {available} \
         MB; give it more, or a smaller FACE_DETECT_LONGEST_SIDE"
    )]
    NotEnoughMemory {
        width: u32,
        height: u32,
        required: u64,
        available: u64,
    },
    /// Decoding needed more memory than its header let expect, and was ended.
    #[error(
        "decoding it takes nearly all of the function's {0} MB of memory, so it was given up; give the function more"
    )]
    #[strum(serialize = "NotEnoughMemory")]
    DecoderOutOfMemory(u64),
    /// Decoding would take far longer than that of other photos of its size.
    #[error("it is a {0} that would take too much work: {1}")]
    TooMuchWork(Format, String),
    #[error("its header says {0}x{1} pixels, so there are none")]
    NoPixels(u32, u32),
    /// The header is good and the rest is not.
    #[error("it is a {0} that cannot be decoded: {1}")]
    PhotoDamaged(Format, String),
}

impl Refusal {
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// The HTTP status that says it. Source: RFC 9110, 15.5.
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
