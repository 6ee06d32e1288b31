//! Detections that end when nobody waits for them any more: the SDK asks while it detects.

use std::ffi::{c_int, c_void};
use std::ptr::{from_ref, null_mut};
use std::time::Instant;

use super::sdk;

/// Does `work`, in which this thread's detections fail soon after `end`.
pub fn at<T>(end: Instant, work: impl FnOnce() -> T) -> T {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            // SAFETY: it takes nothing.
            unsafe { sdk::opencv_detection_stop(None, null_mut()) };
        }
    }
    let _reset = Reset;
    let context = from_ref(&end).cast_mut().cast();
    // SAFETY: `end` lives until after `_reset` took it back, and is only read.
    unsafe { sdk::opencv_detection_stop(Some(is_over), context) };
    work()
}

/// # Safety
/// `end` is an `Instant`.
unsafe extern "C" fn is_over(end: *mut c_void) -> c_int {
    // SAFETY: as above.
    let end = unsafe { *end.cast::<Instant>() };
    c_int::from(Instant::now() >= end)
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

    /// Whether a detection in noise is stopped that should end at `end`.
    fn is_stopped(end: Instant) -> bool {
        let mut noise = Mat::new_rows_cols_with_default(300, 400, CV_8U, 0.into()).unwrap();
        randu(&mut noise, &0.0, &256.0).unwrap();
        let cascade = Cascade::Face(FaceCascade::FrontalfaceDefault);
        let mut classifier = packed::classifier(cascade).unwrap();
        let any = Size::default();
        at(end, || {
            let mut boxes = Vector::<Rect>::new();
            let found = classifier.detect_multi_scale(&noise, &mut boxes, 1.05, 0, 0, any, any);
            found.is_err()
        })
    }

    // How soon, the SDK's own tests say: `stopping.cpp` counts how often it asks.
    #[test]
    fn a_detection_is_stopped_after_its_end_and_not_before() {
        assert!(!is_stopped(Instant::now() + Duration::from_secs(600)));
        assert!(is_stopped(Instant::now()));
    }

    #[test]
    fn the_end_may_come_while_it_asks() {
        let mut end = Instant::now() + Duration::from_millis(20);
        let context = (&raw mut end).cast();
        // SAFETY: it is an `Instant`.
        let is_over = || unsafe { is_over(context) };
        let before = is_over();
        // A slow machine may be past the end already.
        assert!(before == 0 || Instant::now() >= end);
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(is_over(), 1);
    }
}
