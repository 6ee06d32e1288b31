//! What this project's own programs that measure and test use of the inside: reports of sizes, benches, end-to-end tests,
//! and what installs other Python wheels in the way of the toolchain. No other program should, and nothing here is promised
//! to stay.

pub use crate::baseline::{Baseline, BaselineManifest};
pub use crate::compile_time::CompileTime;
pub use crate::linker::{LINK_ARGUMENTS_FILE, LINK_MESSAGES_FILE};
pub use crate::pins::{Origin, OriginKind, Pins, Wheel};
pub use crate::sanitizers::sanitizer_flags;
pub use crate::third_party::entries as third_party_entries;
pub use crate::wheels::{
    find_python, fingerprint as wheels_fingerprint, install as install_wheels,
};
