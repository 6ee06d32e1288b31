use harness::testing::process;
use opencv::core::{NORM_INF, no_array, norm2};
use opencv::imgcodecs::{IMREAD_COLOR, imdecode};

use super::*;

fn detect(file: &[u8]) -> (Faces, Vec<u8>) {
    let function = BlurFunction::load(Startup { is_snapshot: false }).unwrap();
    let processed = process(function, file, DetectionOptions::default()).unwrap();
    let picture = processed.pictures[0].content.as_ref().unwrap();
    (processed.answer, picture.to_vec())
}

fn pixels(file: &[u8], area: Rect) -> Mat {
    let image = imdecode(&Mat::from_slice(file).unwrap(), IMREAD_COLOR).unwrap();
    Mat::roi(&image, area).unwrap().try_clone().unwrap()
}

#[test]
fn the_face_is_not_found_again_and_the_rest_stays() {
    let photo = std::fs::read("samples/eileen-collins.jpg").unwrap();
    let (answer, blurred) = detect(&photo);
    assert_eq!(answer.faces.len(), 1);
    let [x, y, width, height] = answer.faces[0].rectangle;
    let difference = |area| norm2(&pixels(&photo, area), &pixels(&blurred, area), NORM_INF, &no_array()).unwrap();
    assert!(difference(Rect::new(x, y, width, height)) > 50.0);
    assert!(difference(Rect::new(0, 0, 60, 512)) < 30.0);
    assert!(detect(&blurred).0.faces.is_empty());
}

#[test]
fn faces_at_the_edge_are_blurred_as_far_as_they_are_visible() {
    let white = opencv::core::Scalar::all(255.0);
    let mut canvas = Mat::new_rows_cols_with_default(40, 60, opencv::core::CV_8UC3, white).unwrap();
    blur(&mut canvas, [50, 30, 10, 10]).unwrap();
    blur(&mut canvas, [-30, 0, 10, 10]).unwrap();
    assert_eq!((canvas.cols(), canvas.rows()), (60, 40));
}
