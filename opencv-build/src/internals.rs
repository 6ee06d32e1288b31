//! Internals for this project's own size reports, benchmarks and tests, and for installing further Python wheels as the
//! toolchain does. Not for other programs: this module has no stability guarantee.

pub use crate::baseline::{Baseline, BaselineManifest};
pub use crate::compile_time::CompileTime;
pub use crate::face_model::onnx;
pub use crate::linker::{LINK_ARGUMENTS_FILE, LINK_MESSAGES_FILE};
pub use crate::pins::{Origin, OriginKind, Pins, Wheel};
pub use crate::sanitizers::sanitizer_flags;
pub use crate::third_party::entries as third_party_entries;
pub use crate::wheels::{find_python, fingerprint as wheels_fingerprint, install as install_wheels};
