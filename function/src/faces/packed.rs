//! The models that are embedded in the binary, in the SDK's packed formats, and OpenCV's detectors for them: nothing is
//! copied or parsed.

use std::ffi::{CStr, c_char};
use std::ptr::null_mut;

use opencv::core::{Ptr, StsParseError};
use opencv::objdetect::{CascadeClassifier, FaceDetectorYN};
use opencv::prelude::*;
use opencv::{Error, Result};

use super::sdk;

/// Bytes aligned so that they can be read as numbers.
#[repr(C, align(16))]
struct Aligned<const LENGTH: usize>([u8; LENGTH]);

/// Statics, so that they have symbols, which size reports list.
mod packed_models {
    use super::Aligned;

    macro_rules! packed {
        ($($name:ident = $file:literal;)*) => {
            $(pub static $name: Aligned<{ packed!($file).len() }> = Aligned(*packed!($file));)*
        };
        ($file:literal) => {
            include_bytes!(concat!(env!("OPENCV_SDK"), "/share/", $file))
        };
    }
    packed! {
        EYE = "haarcascades/haarcascade_eye.packed";
        EYE_TREE_EYEGLASSES = "haarcascades/haarcascade_eye_tree_eyeglasses.packed";
        FRONTALFACE_DEFAULT = "haarcascades/haarcascade_frontalface_default.packed";
        YUNET = "yunet/face_detection_yunet.packed";
    }
}

// Each byte is part of the function's image and of its cold start.
const _: () = assert!(packed_models::YUNET.0.len() < 250_000);

/// # Errors
/// The model is damaged, and so is the binary. This holds for all functions here.
pub fn frontal_faces() -> Result<CascadeClassifier> {
    open_cascade(&packed_models::FRONTALFACE_DEFAULT.0)
}

pub fn eyes() -> Result<CascadeClassifier> {
    open_cascade(&packed_models::EYE.0)
}

pub fn eyes_with_glasses() -> Result<CascadeClassifier> {
    open_cascade(&packed_models::EYE_TREE_EYEGLASSES.0)
}

pub fn yunet() -> Result<Ptr<FaceDetectorYN>> {
    open_network(&packed_models::YUNET.0)
}

fn open_cascade(bytes: &'static [u8]) -> Result<CascadeClassifier> {
    let mut classifier = CascadeClassifier::default()?;
    let raw_classifier = classifier.as_raw_mut_CascadeClassifier();
    // SAFETY: `raw_classifier` is the `cv::CascadeClassifier` that the crate created, and the bytes are static.
    let error = unsafe { sdk::opencv_packed_cascade_open(raw_classifier, bytes.as_ptr(), bytes.len() as _) };
    check(error, "cascade")?;
    Ok(classifier)
}

fn open_network(bytes: &'static [u8]) -> Result<Ptr<FaceDetectorYN>> {
    let mut detector = null_mut();
    // SAFETY: the bytes are static.
    let error = unsafe { sdk::opencv_packed_face_detector_create(&raw mut detector, bytes.as_ptr(), bytes.len() as _) };
    check(error, "network")?;
    // SAFETY: on success `detector` is a new `cv::Ptr<cv::FaceDetectorYN> *`, which the crate's `Ptr` deletes.
    Ok(unsafe { Ptr::from_raw(detector) })
}

/// `error` is NULL, or a NUL-terminated string of the SDK.
fn check(error: *const c_char, what: &str) -> Result<()> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: the SDK returns a NUL-terminated string.
    let error = unsafe { CStr::from_ptr(error) }.to_string_lossy();
    let reason = format!("failed to open an embedded {what}: {error}");
    Err(Error::new(StsParseError, reason))
}

#[cfg(test)]
mod tests;
