//! The readers of face detection models, ONNX files and packed ones, and detection with the models that they accept.
#![no_main]

use std::ffi::{CStr, c_char, c_void};
use std::path::Path;
use std::ptr::null_mut;
use std::sync::LazyLock;

// Links OpenCV as the function does.
use function as _;
use fuzz::{packed_model, with_file};
use libfuzzer_sys::fuzz_target;
use opencv::core::{CV_8UC3, Mat, Ptr, Scalar, Size};
use opencv::objdetect::FaceDetectorYN;
use opencv::prelude::*;

unsafe extern "C" {
    // Declared in the SDK's header `packed_models.h`.
    fn opencv_packed_face_detector_create(detector: *mut *mut c_void, bytes: *const u8, length: usize)
    -> *const c_char;
}

/// Not a multiple of 32 pixels, and with several levels of grey.
static IMAGE: LazyLock<Mat> = LazyLock::new(|| {
    let colour = Scalar::new(40.0, 120.0, 200.0, 0.0);
    let mut image = Mat::new_rows_cols_with_default(37, 45, CV_8UC3, colour).expect("there is memory");
    for (at, byte) in image.data_bytes_mut().expect("it is continuous").iter_mut().enumerate() {
        *byte ^= u8::try_from(at % 61).expect("it is small");
    }
    image
});

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    let is_valid = is_accepted(&bytes);
    let before = is_valid.then(|| bytes.clone());
    packed_model::correct(&mut bytes);
    if let Some(before) = before {
        assert_eq!(before, bytes, "the checksum of a valid network is corrected");
    }
    let accepted = is_accepted(&bytes);
    with_file(&bytes, |path| match read_file(path) {
        Ok(mut detector) => detect(&mut detector),
        Err(error) => {
            let name = path.display().to_string();
            assert!(error.message.contains(&name) && !accepted, "{error:?}");
        }
    });
});

fn read_file(path: &Path) -> opencv::Result<Ptr<FaceDetectorYN>> {
    let size = Size::default();
    FaceDetectorYN::create(&path.display().to_string(), "", size, 0.1, 0.3, 100, 0, 0)
}

/// Whether the bytes are a packed network, with which faces are then detected.
fn is_accepted(bytes: &[u8]) -> bool {
    let mut created = null_mut();
    // SAFETY: the bytes outlive the detector, which is dropped here.
    let reason = unsafe { opencv_packed_face_detector_create(&raw mut created, bytes.as_ptr(), bytes.len()) };
    if !reason.is_null() {
        // SAFETY: the SDK returns a NUL-terminated string.
        let reason = unsafe { CStr::from_ptr(reason) };
        assert!(created.is_null() && !reason.is_empty());
        return false;
    }
    // SAFETY: it is a new `cv::Ptr<cv::FaceDetectorYN> *`, which the crate's `Ptr` deletes.
    let mut detector = unsafe { Ptr::<FaceDetectorYN>::from_raw(created) };
    detect(&mut detector);
    true
}

/// Any weights give faces, or none, but no error.
fn detect(detector: &mut Ptr<FaceDetectorYN>) {
    let mut faces = Mat::default();
    let mut detected = || -> opencv::Result<()> {
        detector.set_input_size(IMAGE.size()?)?;
        detector.set_score_threshold(0.1)?;
        detector.detect(&*IMAGE, &mut faces).map(drop)
    };
    detected().expect("the model was accepted");
    assert!(faces.empty() || faces.cols() == 15, "{faces:?}");
}
