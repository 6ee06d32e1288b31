mod levels;

use std::path::Path;

use opencv::imgcodecs::{IMREAD_COLOR, imread};

use super::*;
use crate::faces::Prediction;
use crate::options::{DetectorOptions, Preset};
use harness::testing::unlimited;

const YUNET_PRESETS: [Preset; 3] = [Preset::Fast, Preset::Balanced, Preset::Accurate];

/// The sample, a portrait.
fn portrait() -> Mat {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/eileen-collins.jpg");
    imread(sample.to_str().unwrap(), IMREAD_COLOR).unwrap()
}

/// The faces in the photo with this preset after `change`.
fn detect(photo: &Mat, preset: Preset, change: impl FnOnce(&mut DetectionOptions)) -> Result<Vec<Face>, PhotoError> {
    let mut detection = preset.options();
    change(&mut detection);
    let [width, height] = [photo.cols(), photo.rows()].map(i32::unsigned_abs);
    let scaling = Scaling::new((width, height), detection.longest_side);
    let size = Size::new(side(scaling.image().0), side(scaling.image().1));
    let smaller = (scaling.image() != scaling.photo()).then(|| downscale(photo, size).unwrap());
    let DetectorOptions::YuNet(options) = &detection.detector else {
        panic!("{detection:?}");
    };
    let image = smaller.as_ref().unwrap_or(photo);
    YuNet::new()?.detect(image, scaling, &detection, options, unlimited())
}

fn set_score(score: f64) -> impl FnOnce(&mut DetectionOptions) {
    move |detection| detection.detector = DetectorOptions::YuNet(YuNetOptions { score })
}

#[test]
fn landmarks_and_eyes_are_in_the_face() {
    for preset in YUNET_PRESETS {
        let faces = detect(&portrait(), preset, |_| ()).unwrap();
        let [face] = faces.as_slice() else {
            panic!("{faces:?}");
        };
        let [left, top, width, height] = face.rectangle.map(f64::from);
        let Prediction { score, landmarks } = face.prediction.as_ref().unwrap();
        assert!((0.8..=1.0).contains(score), "{face:?}");
        for [x, y] in landmarks.points() {
            assert!(
                (left..left + width).contains(&x) && (top..top + height).contains(&y),
                "{face:?}"
            );
        }
        // The person looks into the camera, so the right eye is on the left.
        assert!(landmarks.right_eye[0] < landmarks.nose[0] && landmarks.nose[0] < landmarks.left_eye[0]);
        assert!(landmarks.right_eye[1] < landmarks.nose[1] && landmarks.nose[1] < landmarks.left_mouth_corner[1]);
        assert_eq!(face.eyes.len(), 2, "{face:?}");
    }
}

#[test]
fn options_limit_the_score_and_the_size() {
    let photo = portrait();
    assert_eq!(detect(&photo, Preset::Balanced, set_score(0.5)).unwrap().len(), 1);
    assert!(detect(&photo, Preset::Balanced, set_score(0.999)).unwrap().is_empty());
    let [face] = <[Face; 1]>::try_from(detect(&photo, Preset::Balanced, |_| ()).unwrap()).unwrap();
    let longest = face.rectangle[2].max(face.rectangle[3]).unsigned_abs();
    for (min_face, max_face, count) in [(longest, longest, 1), (longest + 1, 0, 0), (0, longest - 1, 0)] {
        let set_sizes = |detection: &mut DetectionOptions| {
            detection.min_face = min_face;
            detection.max_face = max_face;
        };
        let found = detect(&photo, Preset::Balanced, set_sizes).unwrap();
        assert_eq!(found.len(), count, "{min_face} to {max_face}");
    }
}
