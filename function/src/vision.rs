//! From a photo's file to what is in it: the one step that needs OpenCV, behind a trait, so that all
//! the rest can be built and tested without.

mod detector;
#[cfg(feature = "opencv")]
mod open_cv;
#[cfg(feature = "opencv")]
mod threads;

pub use detector::{DetectionTask, Detections, Detector, StepTimes};
#[cfg(feature = "opencv")]
pub use open_cv::OpenCvDetector;

/// For tests of what the whole process has one of, as the number of OpenCV's threads: one runs at a time.
#[cfg(all(test, feature = "opencv"))]
pub(crate) fn lock_opencv_globals() -> std::sync::MutexGuard<'static, ()> {
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    LOCK.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
