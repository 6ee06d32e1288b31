use harness::options::FunctionOptions;
use harness::testing::process;
use opencv::imgcodecs::{IMREAD_COLOR, imdecode};
use opencv::prelude::*;

use super::*;

fn with(name: &str, value: &str) -> Option<Options> {
    let mut options = Options::default();
    let spec = Options::SPECS.iter().find(|spec| spec.name == name).unwrap();
    (spec.set)(&mut options, value).then_some(options)
}

#[test]
fn the_sample_becomes_pictures_of_each_size_and_format() {
    let file = std::fs::read("samples/eileen-collins.jpg").unwrap();
    let options = with("sizes", "100, 640").unwrap();
    let processed = process(ThumbnailFunction, &file, options).unwrap();
    let pictures = processed.pictures.iter().map(|picture| {
        let file = Mat::from_slice(picture.content.as_ref().unwrap()).unwrap();
        let image = imdecode(&file, IMREAD_COLOR).unwrap();
        (&*picture.name, picture.format.extension, image.cols(), image.rows())
    });
    // The photo has 512 x 512 pixels, and is not enlarged.
    let expected = [
        ("100", "jpg", 100, 100),
        ("100", "webp", 100, 100),
        ("640", "jpg", 512, 512),
        ("640", "webp", 512, 512),
    ];
    assert_eq!(pictures.collect::<Vec<_>>(), expected);
}

#[test]
fn sizes_and_formats_are_checked() {
    assert_eq!(with("formats", "png,jpeg").unwrap().formats, ["png", "jpeg"]);
    for value in ["", "15", "320,320", "320,", "4097", "16,17,18,19,20,21,22,23,24"] {
        assert_eq!(with("sizes", value), None, "{value}");
    }
    for value in ["", "gif", "jpeg,jpeg"] {
        assert_eq!(with("formats", value), None, "{value}");
    }
}
