//! Files that no encoder writes: blank images of any size in a few bytes, and valid photos with added metadata, text
//! and scans. One module for each format.

pub mod jpeg;
pub mod png;
pub mod tiff;
pub mod webp;
