use opencv::core::Size;
use opencv::imgcodecs::{IMREAD_COLOR, imdecode, imencode_def};
use opencv::imgproc::blur_def;

use super::*;

fn assess(image: &Mat, options: Options) -> Quality {
    let mut file = Vector::new();
    assert!(imencode_def(".png", image, &mut file).unwrap());
    let processed = harness::testing::process(QualityFunction, file.as_slice(), options);
    processed.unwrap().answer
}

#[test]
fn the_sample_passes_and_each_defect_is_a_reason_to_move_it() {
    let file = std::fs::read("samples/eileen-collins.jpg").unwrap();
    let sample = imdecode(&Mat::from_slice(&file).unwrap(), IMREAD_COLOR).unwrap();
    let passed = assess(&sample, Options::default());
    assert!(passed.passed && !passed.moves_photo(), "{passed:?}");

    let (mut blurred, mut dark, mut bright) = (Mat::default(), Mat::default(), Mat::default());
    blur_def(&sample, &mut blurred, Size::new(15, 15)).unwrap();
    sample.convert_to(&mut dark, -1, 0.1, 0.0).unwrap();
    sample.convert_to(&mut bright, -1, 1.0, 200.0).unwrap();
    for (image, min_side, min_sharpness, reason) in [
        (&sample, 513, 0.0, "too_small"),
        (&blurred, 0, 100.0, "blurred"),
        (&dark, 0, 0.0, "too_dark"),
        (&bright, 0, 0.0, "too_bright"),
    ] {
        let options = Options {
            min_side,
            min_sharpness,
            ..Options::default()
        };
        let quality = assess(image, options);
        assert_eq!(quality.reasons, [reason], "{quality:?}");
        assert!(quality.moves_photo() && !quality.passed);
    }
}
