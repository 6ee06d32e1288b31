//! Why a photo is not worked on.

use super::format::Format;

/// Why a photo is not worked on. None of these goes away by trying again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing in the file is a picture.
    #[error("it is no image: its {0} bytes begin like no format that is known")]
    NotAnImage(usize),
    /// A picture in a format that this build leaves out.
    #[error("it is {0}, which cannot be read; JPEG, PNG and WebP can")]
    UnsupportedImage(String),
    /// The file ends before the picture.
    #[error("it is a {0} that ends early, after {1} bytes; was it uploaded whole?")]
    PhotoTruncated(Format, usize),
    /// The file is larger than the limit.
    #[error("it has {bytes} bytes, and FACE_DETECT_MAX_BYTES permits {limit}")]
    PhotoTooLarge {
        /// The file's size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The picture is larger than the limit.
    #[error("it has {width}x{height} pixels, and FACE_DETECT_MAX_PIXELS permits {limit}")]
    TooManyPixels {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// The limit.
        limit: u64,
    },
    /// The function has not the memory that decoding needs.
    #[error(
        "its {width}x{height} pixels need about {needs} MB of memory, and the function has {has} \
         MB; give it more, or a smaller FACE_DETECT_LONGEST_SIDE"
    )]
    NotEnoughMemory {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// Megabytes that it would take, the process included.
        needs: u64,
        /// Megabytes that there are.
        has: u64,
    },
    /// Decoding needed more memory than its header let expect, and was ended.
    #[error(
        "decoding it takes nearly all of the function's {0} MB of memory, so it was given up; give the function more"
    )]
    DecoderTookTooMuch(u64),
    /// Decoding would take far longer than that of other photos of its size.
    #[error("it is a {0} that would take too much work: {1}")]
    TooMuchWork(Format, String),
    /// A width or a height of zero.
    #[error("its header says {0}x{1} pixels, so there are none")]
    NoPixels(u32, u32),
    /// The header is good and the rest is not.
    #[error("it is a {0} that cannot be decoded: {1}")]
    PhotoDamaged(Format, String),
}

impl Refusal {
    /// The name that a caller sees.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotAnImage(_) => "NotAnImage",
            Self::UnsupportedImage(_) => "UnsupportedImage",
            Self::PhotoTruncated(..) => "PhotoTruncated",
            Self::PhotoTooLarge { .. } => "PhotoTooLarge",
            Self::TooManyPixels { .. } => "TooManyPixels",
            Self::NotEnoughMemory { .. } | Self::DecoderTookTooMuch(_) => "NotEnoughMemory",
            Self::TooMuchWork(..) => "TooMuchWork",
            Self::NoPixels(..) => "NoPixels",
            Self::PhotoDamaged(..) => "PhotoDamaged",
        }
    }
}
