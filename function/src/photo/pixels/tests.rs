//! Decoding of, drawing on, and encoding of photos.

use std::time::{Duration, Instant};

use opencv::core::{CV_8UC1, CV_8UC3, NORM_INF, Vec3b, Vector, no_array, norm2};
use opencv::imgcodecs;

use super::*;
use crate::photo::Refusal;

/// Limits that no test reaches.
pub fn unlimited() -> ResourceLimits {
    ResourceLimits {
        deadline: Instant::now() + Duration::from_secs(600),
        memory: None,
    }
}

/// The pixels without the orientation applied.
pub fn decode_file(file: &[u8]) -> Result<Mat, PhotoError> {
    let header = Header::read(file).map_err(PhotoError::Refused)?;
    super::decode_stored(file, &header, unlimited())
}

/// OpenCV's pixels, with the orientation applied if `turned`; `None` if OpenCV cannot decode the file.
pub fn decode_with_opencv(file: &[u8], turned: bool) -> Option<Mat> {
    let flags = if turned {
        0
    } else {
        imgcodecs::IMREAD_IGNORE_ORIENTATION
    };
    let file = Mat::from_slice(file).unwrap();
    let image = imgcodecs::imdecode(&file, imgcodecs::IMREAD_COLOR | flags).unwrap();
    (!image.empty()).then_some(image)
}

/// Compares pixels with OpenCV's; grey ones are converted to BGR first.
pub fn assert_same_as_opencv(file: &[u8], what: &str) {
    let theirs = decode_with_opencv(file, false).unwrap_or_else(|| panic!("{what}: OpenCV cannot decode it"));
    let mut ours = decode_file(file).unwrap_or_else(|failure| panic!("{what}: {failure:?}"));
    if ours.channels() == 1 {
        ours = to_bgr(&ours).unwrap();
    }
    assert!(same_pixels(&ours, &theirs), "{what}: the pixels differ");
}

mod matches_opencv;

/// A PNG file of one shade of grey, stored as RGB.
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

const FULL_SIZE: DecodeOptions = DecodeOptions {
    longest_side: 0,
    annotate: true,
};

fn decoded(file: &[u8]) -> Result<Photo, PhotoError> {
    let header = Header::read(file).unwrap();
    Photo::decode(file, &header, FULL_SIZE, unlimited())
}

fn grey_jpeg() -> Vec<u8> {
    let mut noise = Mat::new_rows_cols_with_default(96, 64, CV_8UC1, Scalar::all(0.0)).unwrap();
    opencv::core::randu(&mut noise, &Scalar::all(0.0), &Scalar::all(255.0)).unwrap();
    let mut file = Vector::new();
    imgcodecs::imencode_def(".jpg", &noise, &mut file).unwrap();
    file.into()
}

fn same_pixels(one: &Mat, other: &Mat) -> bool {
    let alike = (one.typ(), one.size().unwrap()) == (other.typ(), other.size().unwrap());
    alike && norm2(one, other, NORM_INF, &no_array()).unwrap() == 0.0
}

#[test]
fn grey_jpeg_decodes_to_its_grey_conversion() {
    let file = grey_jpeg();
    let header = Header::read(&file).unwrap();
    assert!(header.grey);
    let in_colours = Header { grey: false, ..header };
    for annotate in [true, false] {
        for longest_side in [0, 40] {
            let options = DecodeOptions { longest_side, annotate };
            let ours = Photo::decode(&file, &header, options, unlimited()).unwrap();
            let theirs = Photo::decode(&file, &in_colours, options, unlimited()).unwrap();
            assert!(same_pixels(&ours.grey, &theirs.grey));
            assert_eq!((ours.size, ours.scale), (theirs.size, theirs.scale));
            if annotate {
                let face = || {
                    [Face {
                        rectangle: [10, 10, 20, 20],
                        eyes: Vec::new(),
                    }]
                };
                let file = ours.annotate(&face(), 95, unlimited()).unwrap();
                assert_eq!(file, theirs.annotate(&face(), 95, unlimited()).unwrap());
                assert!(!Header::read(&file).unwrap().grey);
            }
        }
    }
}

#[test]
fn no_canvas_without_annotation() {
    let file = png(200, 100);
    let header = Header::read(&file).unwrap();
    let options = DecodeOptions {
        annotate: false,
        ..FULL_SIZE
    };
    assert!(
        Photo::decode(&file, &header, options, unlimited())
            .unwrap()
            .canvas
            .is_none()
    );
    assert!(
        Photo::decode(&file, &header, FULL_SIZE, unlimited())
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
        .annotate(&[face], 95, unlimited())
        .unwrap();
    let photo = decoded(&file).unwrap();
    assert_eq!(photo.size(), (200, 100));
    let pixel = |x: i32, y: i32| *photo.canvas.as_ref().unwrap().at_2d::<Vec3b>(y, x).unwrap();
    // JPEG does not keep colours exactly.
    let [blue, green, red] = pixel(20, 50).0;
    assert!(blue > 150 && green < 100 && red < 100, "{blue} {green} {red}");
    let [blue, green, red] = pixel(40, 35).0;
    assert!(blue < 100 && green > 150 && red < 100, "{blue} {green} {red}");
    let [blue, green, red] = pixel(150, 50).0;
    assert!([blue, green, red].iter().all(|part| part.abs_diff(128) < 10));
}

fn noise() -> Mat {
    let mut noise = Mat::new_rows_cols_with_default(64, 64, CV_8UC3, Scalar::all(0.0)).unwrap();
    opencv::core::randu(&mut noise, &Scalar::all(0.0), &Scalar::all(255.0)).unwrap();
    noise
}

#[test]
fn grey_conversion_matches_opencv() {
    let colour = noise();
    let mut expected = Mat::default();
    imgproc::cvt_color_def(&colour, &mut expected, imgproc::COLOR_BGR2GRAY).unwrap();
    let made = to_grey(&colour).unwrap();
    assert_eq!(made.typ(), CV_8UC1);
    assert!(same_pixels(&made, &expected));
    assert!(to_grey(&made).is_err() && to_bgr(&colour).is_err());
}

#[test]
fn a_lower_quality_makes_a_smaller_file() {
    let size = |quality| {
        let photo = Photo::from_pixels(noise(), FULL_SIZE).unwrap();
        photo.annotate(&[], quality, unlimited()).unwrap().len()
    };
    assert!(2 * size(10) < size(95));
}

#[test]
fn boxes_are_scaled_back_to_photo_pixels() {
    let of = |longest_side| {
        let file = png(200, 100);
        let header = Header::read(&file).unwrap();
        let options = DecodeOptions {
            longest_side,
            ..FULL_SIZE
        };
        Photo::decode(&file, &header, options, unlimited()).unwrap()
    };
    let photo = of(50);
    let (small, scale) = photo.grey();
    assert_eq!((small.cols(), small.rows(), scale), (50, 25, 0.25));
    let own = |rectangle| photo.to_photo_box(rectangle);
    assert_eq!(own(Rect::new(5, 5, 10, 20)), [20, 20, 40, 80]);
    assert_eq!(own(Rect::new(40, 5, 11, 20)), [160, 20, 40, 80]);
    let photo = of(0);
    let (unscaled, scale) = photo.grey();
    assert_eq!((unscaled.cols(), scale), (200, 1.0));
}

#[test]
fn a_header_with_another_size_is_damaged() {
    let mut file = png(200, 100);
    // Width and height follow the chunk's length and name; its checksum follows its 13 bytes.
    file[16..24].copy_from_slice(&[0, 0, 0x80, 0, 0, 0, 0, 1]);
    assert!(matches!(
        decoded(&file),
        Err(PhotoError::Refused(Refusal::PhotoDamaged(..)))
    ));
}
