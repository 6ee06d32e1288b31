use harness::testing::process;
use opencv::core::{Mat, Rect, Vector, mean_def};
use opencv::imgcodecs::{IMREAD_GRAYSCALE, imdecode, imencode_def};
use opencv::prelude::*;

use super::*;

const CORNERS: [[f64; 2]; 4] = [[170.0, 150.0], [842.0, 96.0], [905.0, 1168.0], [92.0, 1120.0]];

fn grey(file: &[u8]) -> Mat {
    imdecode(&Mat::from_slice(file).unwrap(), IMREAD_GRAYSCALE).unwrap()
}

fn scan(file: &[u8]) -> (Option<Page>, Mat) {
    let scanned = process(ScanFunction, file, Options::default()).unwrap();
    (scanned.answer.page, grey(scanned.pictures[0].content.as_ref().unwrap()))
}

#[test]
fn the_page_is_found_and_becomes_black_and_white() {
    let (page, scan) = scan(&std::fs::read("samples/document.jpg").unwrap());
    let page = page.unwrap();
    for (found, expected) in page.corners.iter().flatten().zip(CORNERS.iter().flatten()) {
        assert!((found - expected).abs() < 5.0, "{:?}", page.corners);
    }
    assert_eq!((scan.cols(), scan.rows()), (page.width, page.height));
    let white = mean_def(&scan).unwrap()[0] / 255.0;
    assert!((0.9..0.99).contains(&white), "{white}");
}

#[test]
fn without_a_page_the_whole_photo_is_used() {
    let photo = grey(&std::fs::read("samples/document.jpg").unwrap());
    let text = photo.roi(Rect::new(250, 800, 400, 200)).unwrap();
    let mut file = Vector::new();
    assert!(imencode_def(".png", &text, &mut file).unwrap());
    let (page, scan) = scan(file.as_slice());
    assert!(page.is_none(), "{page:?}");
    assert_eq!((scan.cols(), scan.rows()), (400, 200));
}
