//! The target platform of a program: an architecture that Lambda offers, a glibc version, and how this machine runs it.
//! The names of an architecture in rustc, zig, OCI, Lambda, Debian and qemu are compared only here.

mod architecture;
mod glibc;
mod runner;

pub use architecture::{Architecture, UnknownArchitecture};
pub use glibc::{GlibcVersion, InvalidGlibcVersion};
pub use runner::{NoEmulator, Runner};
