//! Detection in a photo's file: the only step that needs OpenCV, behind a trait, so that everything else can be built
//! and tested without it.

mod detector;
#[cfg(feature = "opencv")]
mod open_cv;
#[cfg(feature = "opencv")]
mod threads;

pub use detector::{DetectionTask, Detections, Detector, StepTimes};
#[cfg(feature = "opencv")]
pub use open_cv::OpenCvDetector;

/// Locks process-wide state, such as OpenCV's number of threads, so that only one test of it runs at a time.
#[cfg(all(test, feature = "opencv"))]
pub(crate) fn lock_opencv_globals() -> std::sync::MutexGuard<'static, ()> {
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    LOCK.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
