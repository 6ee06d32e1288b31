//! What the project's build programs share and other projects have crates for: progress on stderr,
//! child processes and what they see of the user's environment, files that are written whole, locks and
//! digests. It knows nothing of OpenCV, images or functions.

pub mod atomic;
pub mod cargo;
pub mod child;
pub mod environment;
pub mod files;
pub mod fingerprint;
pub mod interruption;
pub mod lock;
pub mod median;
pub mod output;
pub mod process;
pub mod progress;
pub mod run;
