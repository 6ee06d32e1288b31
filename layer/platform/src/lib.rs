//! The target platform of a program: an architecture that Lambda offers, and a glibc version. The names of an
//! architecture in rustc, zig, OCI and Lambda are compared only here.

mod architecture;
mod glibc;

pub use architecture::{Architecture, UnknownArchitecture};
pub use glibc::{GlibcVersion, InvalidGlibcVersion};
