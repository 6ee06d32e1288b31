//! Detections that stop at a deadline: the SDK calls back while it detects.

use std::ffi::{c_int, c_void};
use std::ptr::{from_ref, null_mut};
use std::time::Instant;

use super::sdk;

/// Runs `detect`, during which this thread's detections fail soon after `deadline`.
pub fn with_deadline<T>(deadline: Instant, detect: impl FnOnce() -> T) -> T {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            // SAFETY: without a callback the context is not used.
            unsafe { sdk::opencv_detection_set_stop_callback(None, null_mut()) };
        }
    }
    let _reset = Reset;
    let context = from_ref(&deadline).cast_mut().cast();
    // SAFETY: `deadline` outlives `_reset`, which removes the callback, and is only read.
    unsafe { sdk::opencv_detection_set_stop_callback(Some(is_expired), context) };
    detect()
}

/// # Safety
/// `deadline` points to an `Instant`.
unsafe extern "C" fn is_expired(deadline: *mut c_void) -> c_int {
    // SAFETY: as above.
    let deadline = unsafe { *deadline.cast::<Instant>() };
    c_int::from(Instant::now() >= deadline)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use opencv::Result;
    use opencv::core::{CV_8UC1, CV_8UC3, Mat, Rect, Scalar, Size, Vector, randu};
    use opencv::prelude::*;

    use super::super::packed;
    use super::*;

    fn noise(kind: i32) -> Mat {
        let mut noise = Mat::new_rows_cols_with_default(300, 400, kind, Scalar::all(0.0)).unwrap();
        randu(&mut noise, &Scalar::all(0.0), &Scalar::all(256.0)).unwrap();
        noise
    }

    fn detect_with_cascade() -> Result<()> {
        let mut boxes = Vector::<Rect>::new();
        let any = Size::default();
        let mut classifier = packed::frontal_faces().unwrap();
        classifier.detect_multi_scale(&noise(CV_8UC1), &mut boxes, 1.05, 0, 0, any, any)
    }

    fn detect_with_network() -> Result<()> {
        let image = noise(CV_8UC3);
        let mut detector = packed::yunet().unwrap();
        detector.set_input_size(image.size()?)?;
        detector.detect(&image, &mut Mat::default()).map(|_| ())
    }

    // The SDK's `cancellation.cpp` tests how soon: it counts the callbacks.
    #[test]
    fn a_detection_is_stopped_after_its_deadline_and_not_before() {
        for detect in [detect_with_cascade, detect_with_network] {
            with_deadline(Instant::now() + Duration::from_secs(600), detect).unwrap();
            assert!(with_deadline(Instant::now(), detect).is_err());
        }
    }

    #[test]
    fn the_deadline_may_pass_during_detection() {
        let mut deadline = Instant::now() + Duration::from_millis(20);
        let context = (&raw mut deadline).cast();
        // SAFETY: it is an `Instant`.
        let is_expired = || unsafe { is_expired(context) };
        let before = is_expired();
        // On a slow machine the deadline may already have passed.
        assert!(before == 0 || Instant::now() >= deadline);
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(is_expired(), 1);
    }
}
