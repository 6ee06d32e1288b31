//! Photo files: headers, limits and decoding.
//!
//! File names are ignored. `container` finds the image in a file, `orientation` reads how it must be rotated, `decode`
//! decodes it to pixels, `scaling` says how large the decoded image is, and `pixels` makes it. JPEG and matrices of
//! pixels need OpenCV's SDK.

pub mod container;
pub mod decode;
mod decoding;
mod error;
mod format;
mod header;
pub mod orientation;
#[cfg(feature = "opencv")]
pub mod pixels;
mod refusal;
pub mod resource_limits;
pub mod scaling;

pub use self::decoding::{Channels, Decoding};
pub use self::error::PhotoError;
pub use self::format::Format;
pub use self::header::Header;
pub use self::refusal::Refusal;
