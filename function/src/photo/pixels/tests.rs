//! That photos are decoded, drawn on and written as they should be.

use std::time::{Duration, Instant};

use opencv::core::{CV_8UC1, CV_8UC3, NORM_INF, Vec3b, Vector, no_array, norm2};
use opencv::imgcodecs;

use super::*;
use crate::photo::Refusal;

/// A watch that ends nothing.
pub fn watch() -> Watch {
    Watch {
        until: Instant::now() + Duration::from_secs(600),
        memory: None,
    }
}

/// The pixels of a file as they are stored.
pub fn stored(file: &[u8]) -> Result<Mat, Failure> {
    let header = Header::read(file).map_err(Failure::Photo)?;
    super::decoded(file, &header, watch())
}

/// What OpenCV makes of a file, turned or as it is stored; nothing if it cannot be decoded.
pub fn opencvs(file: &[u8], turned: bool) -> Option<Mat> {
    let stored = if turned {
        0
    } else {
        imgcodecs::IMREAD_IGNORE_ORIENTATION
    };
    let file = Mat::from_slice(file).unwrap();
    let picture = imgcodecs::imdecode(&file, imgcodecs::IMREAD_COLOR | stored).unwrap();
    (!picture.empty()).then_some(picture)
}

/// Compares pixels with OpenCV's, in colours and in grey.
pub fn same_as_opencv(file: &[u8], what: &str) {
    let theirs = opencvs(file, false).unwrap_or_else(|| panic!("{what}: OpenCV refuses it"));
    let mut ours = stored(file).unwrap_or_else(|failure| panic!("{what}: {failure:?}"));
    if ours.channels() == 1 {
        ours = coloured(&ours).unwrap();
    }
    assert!(same(&ours, &theirs), "{what}: other pixels");
}

mod same;

/// A grey picture of that many pixels as a PNG file.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = ::png::Encoder::new(&mut file, width, height);
    writer.set_color(::png::ColorType::Rgb);
    let pixels = vec![128; (3 * width * height) as usize];
    let mut writer = writer.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    file
}

const WHOLE: Purpose = Purpose {
    longest_side: 0,
    annotate: true,
};

fn decoded(file: &[u8]) -> Result<Photo, Failure> {
    let header = Header::read(file).unwrap();
    Photo::decode(file, &header, WHOLE, watch())
}

/// A file of noise without colours.
fn grey_jpeg() -> Vec<u8> {
    let mut noise = Mat::new_rows_cols_with_default(96, 64, CV_8UC1, Scalar::all(0.0)).unwrap();
    opencv::core::randu(&mut noise, &Scalar::all(0.0), &Scalar::all(255.0)).unwrap();
    let mut file = Vector::new();
    imgcodecs::imencode_def(".jpg", &noise, &mut file).unwrap();
    file.into()
}

fn same(one: &Mat, other: &Mat) -> bool {
    let alike = (one.typ(), one.size().unwrap()) == (other.typ(), other.size().unwrap());
    alike && norm2(one, other, NORM_INF, &no_array()).unwrap() == 0.0
}

#[test]
fn a_grey_jpeg_is_what_would_be_made_of_its_colours() {
    let file = grey_jpeg();
    let header = Header::read(&file).unwrap();
    assert!(header.grey);
    let in_colours = Header {
        grey: false,
        ..header
    };
    for annotate in [true, false] {
        for longest_side in [0, 40] {
            let purpose = Purpose {
                longest_side,
                annotate,
            };
            let ours = Photo::decode(&file, &header, purpose, watch()).unwrap();
            let theirs = Photo::decode(&file, &in_colours, purpose, watch()).unwrap();
            assert!(same(&ours.grey, &theirs.grey));
            assert_eq!((ours.size, ours.scale), (theirs.size, theirs.scale));
            if annotate {
                let face = || {
                    [Face {
                        rectangle: [10, 10, 20, 20],
                        eyes: Vec::new(),
                    }]
                };
                let file = ours.annotate(&face(), 95, watch()).unwrap();
                assert_eq!(file, theirs.annotate(&face(), 95, watch()).unwrap());
                assert!(!Header::read(&file).unwrap().grey);
            }
        }
    }
}

#[test]
fn what_is_not_drawn_on_keeps_no_colours() {
    let file = png(200, 100);
    let header = Header::read(&file).unwrap();
    let purpose = Purpose {
        annotate: false,
        ..WHOLE
    };
    assert!(
        Photo::decode(&file, &header, purpose, watch())
            .unwrap()
            .canvas
            .is_none()
    );
    assert!(
        Photo::decode(&file, &header, WHOLE, watch())
            .unwrap()
            .canvas
            .is_some()
    );
}

#[test]
fn faces_are_blue_and_eyes_are_green() {
    let face = Face {
        rectangle: [20, 10, 60, 70],
        eyes: vec![[40, 30, 10, 10]],
    };
    let file = decoded(&png(200, 100))
        .unwrap()
        .annotate(&[face], 95, watch())
        .unwrap();
    let photo = decoded(&file).unwrap();
    assert_eq!(photo.size(), (200, 100));
    let pixel = |x: i32, y: i32| *photo.canvas.as_ref().unwrap().at_2d::<Vec3b>(y, x).unwrap();
    // JPEG does not keep colours exactly.
    let [blue, green, red] = pixel(20, 50).0;
    assert!(
        blue > 150 && green < 100 && red < 100,
        "{blue} {green} {red}"
    );
    let [blue, green, red] = pixel(40, 35).0;
    assert!(
        blue < 100 && green > 150 && red < 100,
        "{blue} {green} {red}"
    );
    let [blue, green, red] = pixel(150, 50).0;
    assert!(
        [blue, green, red]
            .iter()
            .all(|part| part.abs_diff(128) < 10)
    );
}

/// A picture that has something in it.
fn noise() -> Mat {
    let mut noise = Mat::new_rows_cols_with_default(64, 64, CV_8UC3, Scalar::all(0.0)).unwrap();
    opencv::core::randu(&mut noise, &Scalar::all(0.0), &Scalar::all(255.0)).unwrap();
    noise
}

#[test]
fn grey_is_what_opencv_makes_it() {
    let colour = noise();
    let mut expected = Mat::default();
    imgproc::cvt_color_def(&colour, &mut expected, imgproc::COLOR_BGR2GRAY).unwrap();
    let made = grey(&colour).unwrap();
    assert_eq!(made.typ(), CV_8UC1);
    assert!(same(&made, &expected));
    assert!(grey(&made).is_err() && coloured(&colour).is_err());
}

#[test]
fn a_lower_quality_makes_a_smaller_file() {
    let size = |quality| {
        let photo = Photo::of(noise(), WHOLE).unwrap();
        photo.annotate(&[], quality, watch()).unwrap().len()
    };
    assert!(2 * size(10) < size(95));
}

#[test]
fn rectangles_come_back_to_the_photos_own_pixels() {
    let of = |longest_side| {
        let file = png(200, 100);
        let header = Header::read(&file).unwrap();
        let purpose = Purpose {
            longest_side,
            ..WHOLE
        };
        Photo::decode(&file, &header, purpose, watch()).unwrap()
    };
    let photo = of(50);
    let (small, scale) = photo.grey();
    assert_eq!((small.cols(), small.rows(), scale), (50, 25, 0.25));
    let own = |rectangle| photo.unscaled(rectangle);
    assert_eq!(own(Rect::new(5, 5, 10, 20)), [20, 20, 40, 80]);
    assert_eq!(own(Rect::new(40, 5, 11, 20)), [160, 20, 40, 80]);
    let photo = of(0);
    let (whole, scale) = photo.grey();
    assert_eq!((whole.cols(), scale), (200, 1.0));
}

#[test]
fn a_header_that_promises_other_pixels_is_damaged() {
    let mut file = png(200, 100);
    // Width and height follow the chunk's length and name; its checksum follows its 13 bytes.
    file[16..24].copy_from_slice(&[0, 0, 0x80, 0, 0, 0, 0, 1]);
    assert!(matches!(
        decoded(&file),
        Err(Failure::Photo(Refusal::PhotoDamaged(..)))
    ));
}
