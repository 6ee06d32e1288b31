//! Decoders, from a file and its header to rows of pixels: PNG and WebP in Rust, JPEG with libjpeg-turbo. Pixels equal
//! those of OpenCV's `imdecode`.

mod buffer;
#[cfg(feature = "opencv")]
pub mod jpeg;
pub mod png;
pub mod webp;
