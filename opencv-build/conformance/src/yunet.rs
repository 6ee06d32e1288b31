//! Tests that `cv::FaceDetectorYN` of the SDK finds the same faces as that of OpenCV's Python wheel 4.14, behaves as a
//! class should, can be cancelled, and works under sanitizers without OpenCV. The programs are in `data/yunet`.

mod faces;
mod models;
mod references;
mod sanitizers;
mod usage;
mod wheel;

pub use sanitizers::test as sanitizers;
pub use usage::test as usage;
pub use wheel::test as wheel;
