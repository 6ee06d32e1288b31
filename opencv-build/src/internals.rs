//! What this project's own programs that measure and test use of the inside: reports of sizes, benches, end-to-end tests,
//! and what installs other Python wheels in the way of the toolchain. No other program should, and nothing here is promised
//! to stay.

/// OpenCV as it comes, and how long compiling took: what sizes and benches compare with.
pub use crate::baseline::{Baseline, Description};
pub use crate::effort::Effort;
/// Flags for C and C++ of fuzzers.
pub use crate::instrument::flags as sanitizer_flags;
/// The files of [`Tools::link_recorder`](crate::Tools::link_recorder).
pub use crate::linker::{ARGUMENTS, MESSAGES};
/// Other wheels, pinned in the same form.
pub use crate::pins::Wheel;
/// What is downloaded: a test serves it from a package index of its own.
pub use crate::pins::{Origin, Pins, Place};
/// Licences that bills of materials must know.
pub use crate::third_party::facts as third_party_facts;
pub use crate::wheels::{fingerprint as wheels_fingerprint, install as install_wheels, python};
