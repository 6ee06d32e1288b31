//! What a program runs on: a processor architecture that Lambda offers, and a release of glibc. Knows the
//! names that rustc, zig, OCI and Lambda use for an architecture; nothing else in the project compares them.

mod architecture;
mod glibc;

pub use architecture::{Architecture, UnknownArchitecture};
pub use glibc::{GlibcVersion, InvalidGlibcVersion};
