//! Files that no encoder makes: blank pictures of any size in a few bytes, and good photos with
//! notes, texts and scans added. Each module knows one format.

pub mod jpeg;
pub mod png;
pub mod tiff;
pub mod webp;
