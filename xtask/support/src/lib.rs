//! Helpers of the project's build programs: progress on stderr, child processes and their environment, atomic file
//! writes, locks and digests. Nothing here depends on OpenCV, images or the function.

pub mod apt;
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
pub mod percentile;
pub mod process;
pub mod progress;
pub mod run;
pub mod sync;
