use harness::testing::process;

use super::*;

#[test]
fn the_sample_is_of_medium_brightness() {
    let file = std::fs::read("samples/eileen-collins.jpg").unwrap();
    let processed = process(BrightnessFunction, &file, ()).unwrap();
    assert_eq!((processed.width, processed.height), (512, 512));
    assert!(
        (100.0..160.0).contains(&processed.answer.brightness),
        "{:?}",
        processed.answer
    );
    assert!(processed.pictures.is_empty());
}
