//! The packed cascades that are embedded in the binary, and OpenCV's classifiers for them: nothing is copied or parsed.

use std::ffi::CStr;

use opencv::core::StsParseError;
use opencv::objdetect::CascadeClassifier;
use opencv::prelude::*;
use opencv::{Error, Result};

use super::cascade::Cascade;
use super::sdk;
use crate::options::{EyeCascade, FaceCascade};

/// Bytes aligned so that they can be read as numbers.
#[repr(C, align(16))]
struct Aligned<const LENGTH: usize>([u8; LENGTH]);

/// Statics, so that they have symbols, which size reports list.
mod packed_cascades {
    use super::Aligned;

    macro_rules! packed {
        ($($name:ident = $file:literal;)*) => {
            $(pub static $name: Aligned<{ packed!($file).len() }> = Aligned(*packed!($file));)*
        };
        ($file:literal) => {
            include_bytes!(concat!(env!("OPENCV_SDK"), "/share/haarcascades/haarcascade_", $file))
        };
    }
    packed! {
        EYE = "eye.packed";
        EYE_TREE_EYEGLASSES = "eye_tree_eyeglasses.packed";
        FRONTALFACE_ALT2 = "frontalface_alt2.packed";
        FRONTALFACE_DEFAULT = "frontalface_default.packed";
        PROFILEFACE = "profileface.packed";
    }
}

fn bytes(cascade: Cascade) -> &'static [u8] {
    use packed_cascades::{EYE, EYE_TREE_EYEGLASSES, FRONTALFACE_ALT2, FRONTALFACE_DEFAULT, PROFILEFACE};
    match cascade {
        Cascade::Face(FaceCascade::FrontalfaceDefault) => &FRONTALFACE_DEFAULT.0,
        Cascade::Face(FaceCascade::FrontalfaceAlt2) => &FRONTALFACE_ALT2.0,
        Cascade::Profile => &PROFILEFACE.0,
        Cascade::Eye(EyeCascade::Eye | EyeCascade::None) => &EYE.0,
        Cascade::Eye(EyeCascade::EyeTreeEyeglasses) => &EYE_TREE_EYEGLASSES.0,
    }
}

/// # Errors
/// The cascade is damaged, and so is the binary.
pub fn classifier(cascade: Cascade) -> Result<CascadeClassifier> {
    open(bytes(cascade))
}

fn open(bytes: &'static [u8]) -> Result<CascadeClassifier> {
    let mut classifier = CascadeClassifier::default()?;
    let raw_classifier = classifier.as_raw_mut_CascadeClassifier();
    // SAFETY: `raw_classifier` is the `cv::CascadeClassifier` that the crate created, and the bytes are static.
    let error = unsafe { sdk::opencv_packed_cascade_open(raw_classifier, bytes.as_ptr(), bytes.len() as _) };
    if error.is_null() {
        return Ok(classifier);
    }
    // SAFETY: the SDK returns a NUL-terminated string.
    let error = unsafe { CStr::from_ptr(error) }.to_string_lossy();
    let reason = format!("failed to open an embedded cascade: {error}");
    Err(Error::new(StsParseError, reason))
}

#[cfg(test)]
mod tests {
    use opencv::core::{Rect, Size, Vector};
    use opencv::imgcodecs::{IMREAD_GRAYSCALE, imread};

    use super::*;
    use crate::vision;

    const SHARE: &str = concat!(env!("OPENCV_SDK"), "/share");

    /// All windows in both samples, with one thread, since OpenCV's own detector returns them in any order with more.
    fn detect_all(classifier: &mut CascadeClassifier) -> Vec<Rect> {
        let _guard = vision::lock_opencv_globals();
        opencv::core::set_num_threads(1).unwrap();
        let mut found = Vec::new();
        for sample in ["lena", "messi5"] {
            let photo = imread(format!("{SHARE}/samples/{sample}.jpg"), IMREAD_GRAYSCALE).unwrap();
            let mut boxes = Vector::new();
            let any = Size::default();
            classifier
                .detect_multi_scale(&photo, &mut boxes, 1.1, 0, 0, any, any)
                .unwrap();
            found.extend(boxes);
        }
        opencv::core::set_num_threads(-1).unwrap();
        found
    }

    #[test]
    fn packed_cascades_detect_what_their_xml_detects() {
        for (cascade, name) in [
            (Cascade::Face(FaceCascade::FrontalfaceDefault), "frontalface_default"),
            (Cascade::Face(FaceCascade::FrontalfaceAlt2), "frontalface_alt2"),
            (Cascade::Profile, "profileface"),
            (Cascade::Eye(EyeCascade::Eye), "eye"),
            (Cascade::Eye(EyeCascade::EyeTreeEyeglasses), "eye_tree_eyeglasses"),
        ] {
            let file = format!("{SHARE}/haarcascades/haarcascade_{name}.xml");
            let mut original = CascadeClassifier::new(&file).unwrap();
            // SAFETY: any number is valid.
            let previous = unsafe { sdk::opencv_haar_set_fast(0) };
            let expected = detect_all(&mut original);
            let slow = detect_all(&mut classifier(cascade).unwrap());
            unsafe { sdk::opencv_haar_set_fast(previous) };
            assert!(!expected.is_empty(), "{name}");
            assert_eq!(slow, expected, "{name}");
            assert_eq!(detect_all(&mut classifier(cascade).unwrap()), expected, "{name}");
            assert_eq!(detect_all(&mut original), expected, "{name}");
        }
    }

    #[test]
    fn damaged_cascades_are_refused() {
        let valid = bytes(Cascade::Eye(EyeCascade::Eye));
        let error_message = |bytes: Vec<u8>| open(bytes.leak()).unwrap_err().message;
        for (bytes, reason) in [
            (Vec::new(), "not a packed cascade"),
            (valid[..valid.len() - 4].to_vec(), "truncated"),
            ([valid, b"more"].concat(), "trailing bytes"),
            (
                [&valid[..5000], &[valid[5000] ^ 1], &valid[5001..]].concat(),
                "checksum",
            ),
        ] {
            let message = error_message(bytes);
            assert!(message.contains(reason), "{message}");
        }
        // Unaligned bytes are copied.
        let unaligned = [b"-", valid].concat().leak();
        assert!(!open(&unaligned[1..]).unwrap().empty().unwrap());
    }
}
