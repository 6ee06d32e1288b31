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

    use opencv::core::{CV_8U, Mat, Rect, Size, Vector, randu};
    use opencv::prelude::*;

    use super::super::cascade::Cascade;
    use super::super::packed;
    use super::*;
    use crate::options::FaceCascade;

    /// Whether a detection in noise fails with this deadline.
    fn is_stopped(deadline: Instant) -> bool {
        let mut noise = Mat::new_rows_cols_with_default(300, 400, CV_8U, 0.into()).unwrap();
        randu(&mut noise, &0.0, &256.0).unwrap();
        let cascade = Cascade::Face(FaceCascade::FrontalfaceDefault);
        let mut classifier = packed::classifier(cascade).unwrap();
        let any = Size::default();
        with_deadline(deadline, || {
            let mut boxes = Vector::<Rect>::new();
            let found = classifier.detect_multi_scale(&noise, &mut boxes, 1.05, 0, 0, any, any);
            found.is_err()
        })
    }

    // The SDK's `cancellation.cpp` tests how soon: it counts the callbacks.
    #[test]
    fn a_detection_is_stopped_after_its_deadline_and_not_before() {
        assert!(!is_stopped(Instant::now() + Duration::from_secs(600)));
        assert!(is_stopped(Instant::now()));
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
