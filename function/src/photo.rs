//! Photo files: headers, limits, decoding, and annotation.
//!
//! File names are ignored. `container` finds the image in a file, `orientation` reads how it must be rotated, `decode`
//! decodes it to pixels, `scaling` says how large the image for detection is, and `pixels` makes it and draws the
//! faces. JPEG and drawing need OpenCV's SDK.

#[cfg(feature = "opencv")]
mod annotation;
mod annotation_options;
pub mod container;
pub mod decode;
mod error;
mod format;
mod header;
pub mod orientation;
#[cfg(feature = "opencv")]
pub mod pixels;
mod refusal;
pub mod resource_limits;
pub mod scaling;

pub use self::annotation_options::AnnotationOptions;
pub use self::error::PhotoError;
pub use self::format::Format;
pub use self::header::Header;
pub use self::refusal::Refusal;
