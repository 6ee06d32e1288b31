//! A photo's file: what its content says before anything is decoded, and whether it may be decoded.
//!
//! The name of a file says nothing here. `container` finds the picture in a file, `orientation` how it is turned,
//! `decode` makes pixels of it, and `pixels` turns them and draws on them. JPEG and drawing need OpenCV's SDK.

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

pub use self::error::PhotoError;
pub use self::format::Format;
pub use self::header::Header;
pub use self::refusal::Refusal;
