//! From a photo's file to what is in it: the one step that needs OpenCV, behind a trait, so that all
//! the rest can be built and tested without.

#[cfg(feature = "opencv")]
mod open_cv;
mod task;
#[cfg(feature = "opencv")]
mod threads;

#[cfg(feature = "opencv")]
pub use open_cv::OpenCv;
pub use task::{Seen, Task, Times, Vision};

/// For tests of what the whole process has one of, as the number of OpenCV's threads: one runs at a time.
#[cfg(all(test, feature = "opencv"))]
pub(crate) fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
