//! Decoders: from a file and what its container says to rows of pixels. PNG and WebP are decoded by Rust, JPEG by
//! libjpeg-turbo; the pixels of each are those of OpenCV's `imdecode`.

mod buffer;
#[cfg(feature = "opencv")]
pub mod jpeg;
pub mod png;
pub mod webp;
