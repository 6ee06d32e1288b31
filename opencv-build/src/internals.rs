//! What this project's own programs that measure and test use of the inside: reports of sizes, benches, end-to-end tests,
//! and what installs other Python wheels in the way of the toolchain. No other program should, and nothing here is promised
//! to stay.

pub use crate::baseline::{Baseline, Description};
pub use crate::effort::Effort;
pub use crate::instrument::flags as sanitizer_flags;
pub use crate::linker::{ARGUMENTS, MESSAGES};
pub use crate::pins::{Origin, Pins, Place, Wheel};
pub use crate::third_party::facts as third_party_facts;
pub use crate::wheels::{fingerprint as wheels_fingerprint, install as install_wheels, python};
