use opencv::core::{Mat, Rect, Size, Vector};
use opencv::imgcodecs::{IMREAD_COLOR, IMREAD_GRAYSCALE, imread};

use super::packed_models::{EYE, YUNET};
use super::*;
use harness::testing::lock_opencv_globals;

const SHARE: &str = concat!(env!("OPENCV_SDK"), "/share");

/// The photos of the SDK, decoded with `flags` of `imread`.
fn samples(flags: i32) -> [Mat; 2] {
    ["lena", "messi5"].map(|sample| imread(format!("{SHARE}/samples/{sample}.jpg"), flags).unwrap())
}

/// All windows in both samples, with one thread, since OpenCV's own detector returns them in any order with more.
fn detect_all(classifier: &mut CascadeClassifier) -> Vec<Rect> {
    let _guard = lock_opencv_globals();
    opencv::core::set_num_threads(1).unwrap();
    let mut found = Vec::new();
    for photo in samples(IMREAD_GRAYSCALE) {
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
    type Open = fn() -> Result<CascadeClassifier>;
    for (name, packed) in [
        ("frontalface_default", frontal_faces as Open),
        ("eye", eyes),
        ("eye_tree_eyeglasses", eyes_with_glasses),
    ] {
        let file = format!("{SHARE}/haarcascades/haarcascade_{name}.xml");
        let mut original = CascadeClassifier::new(&file).unwrap();
        // SAFETY: any number is valid.
        let previous = unsafe { sdk::opencv_haar_set_fast(0) };
        let expected = detect_all(&mut original);
        let slow = detect_all(&mut packed().unwrap());
        unsafe { sdk::opencv_haar_set_fast(previous) };
        assert!(!expected.is_empty(), "{name}");
        assert_eq!(slow, expected, "{name}");
        assert_eq!(detect_all(&mut packed().unwrap()), expected, "{name}");
        assert_eq!(detect_all(&mut original), expected, "{name}");
    }
}

#[test]
fn packed_network_predicts_what_its_onnx_file_predicts() {
    let file = format!("{SHARE}/yunet/face_detection_yunet.onnx");
    let mut original = FaceDetectorYN::create_def(&file, "", Size::default()).unwrap();
    for photo in samples(IMREAD_COLOR) {
        let predict = |detector: &mut Ptr<FaceDetectorYN>| {
            let mut rows = Mat::default();
            detector.set_input_size(photo.size().unwrap()).unwrap();
            detector.set_score_threshold(0.3).unwrap();
            detector.detect(&photo, &mut rows).unwrap();
            rows.data_typed::<f32>().unwrap().to_vec()
        };
        let expected = predict(&mut original);
        assert!(!expected.is_empty());
        assert_eq!(predict(&mut yunet().unwrap()), expected);
    }
}

/// Damaged copies of a packed model, and a part of the reason why each is refused.
fn damaged(valid: &[u8]) -> [(Vec<u8>, &'static str); 4] {
    let mut changed = valid.to_vec();
    changed[5000] ^= 1;
    [
        (Vec::new(), "not a packed"),
        (valid[..valid.len() - 4].to_vec(), "truncated"),
        ([valid, b"more"].concat(), "trailing bytes"),
        (changed, "checksum"),
    ]
}

#[test]
fn damaged_models_are_refused() {
    for (bytes, reason) in damaged(&EYE.0) {
        let message = open_cascade(bytes.leak()).unwrap_err().message;
        assert!(message.contains(reason), "{message}");
    }
    for (bytes, reason) in damaged(&YUNET.0) {
        let message = open_network(bytes.leak()).unwrap_err().message;
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn unaligned_models_are_copied() {
    let cascade = [b"-", &EYE.0[..]].concat().leak();
    assert!(!open_cascade(&cascade[1..]).unwrap().empty().unwrap());
    let network = [b"-", &YUNET.0[..]].concat().leak();
    open_network(&network[1..]).unwrap();
}
