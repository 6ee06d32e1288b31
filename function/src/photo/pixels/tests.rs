//! Decoding of, drawing on, and encoding of photos.

use std::time::{Duration, Instant};

use opencv::core::{CV_8UC1, CV_8UC3, NORM_INF, Scalar, Vec3b, Vector, no_array, norm2};
use opencv::imgcodecs;

use super::*;
use crate::faces::{Landmarks, Prediction};
use crate::photo::Refusal;
use crate::photo::decode::jpeg::tests::variants::{TYPICAL, Variant, file as jpeg};

/// Limits that no test reaches.
pub fn unlimited() -> ResourceLimits {
    ResourceLimits {
        deadline: Instant::now() + Duration::from_secs(600),
        memory: None,
    }
}

/// The pixels without the orientation applied.
pub fn decode_file(file: &[u8]) -> Result<Mat, PhotoError> {
    decode_reduced(file, 1)
}

/// The pixels of a JPEG file whose sides are divided by `reduction`.
pub fn decode_reduced(file: &[u8], reduction: u32) -> Result<Mat, PhotoError> {
    let header = Header::read(file).map_err(PhotoError::Refused)?;
    super::decode_stored(file, &header, reduction, unlimited())
}

/// OpenCV's pixels, with the orientation applied if `turned`; `None` if OpenCV cannot decode the file.
pub fn decode_with_opencv(file: &[u8], turned: bool) -> Option<Mat> {
    let flags = if turned {
        0
    } else {
        imgcodecs::IMREAD_IGNORE_ORIENTATION
    };
    imdecode(file, imgcodecs::IMREAD_COLOR | flags)
}

fn imdecode(file: &[u8], flags: i32) -> Option<Mat> {
    let file = Mat::from_slice(file).unwrap();
    let image = imgcodecs::imdecode(&file, flags).unwrap();
    (!image.empty()).then_some(image)
}

/// Compares pixels with OpenCV's; grey ones are converted to BGR first.
pub fn assert_same_as_opencv(file: &[u8], what: &str) {
    assert_reduced_same_as_opencv(file, 1, what);
}

/// Compares pixels with those of OpenCV, which reduces JPEG files by the same reductions.
pub fn assert_reduced_same_as_opencv(file: &[u8], reduction: u32, what: &str) {
    let mode = match reduction {
        1 => imgcodecs::IMREAD_COLOR,
        2 => imgcodecs::IMREAD_REDUCED_COLOR_2,
        4 => imgcodecs::IMREAD_REDUCED_COLOR_4,
        _ => imgcodecs::IMREAD_REDUCED_COLOR_8,
    };
    let theirs = imdecode(file, mode | imgcodecs::IMREAD_IGNORE_ORIENTATION);
    let theirs = theirs.unwrap_or_else(|| panic!("{what}: OpenCV cannot decode it"));
    let mut ours = decode_reduced(file, reduction).unwrap_or_else(|failure| panic!("{what}: {failure:?}"));
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
    channels: Channels::Bgr,
    annotate: true,
};

fn of_quality(quality: i32) -> AnnotationOptions {
    AnnotationOptions {
        quality,
        max_bytes: None,
    }
}

/// The annotated photo.
fn annotated(file: &[u8], faces: &[Face], quality: i32) -> Bytes {
    let header = Header::read(file).unwrap();
    let photo = Photo::decode(file, &header, FULL_SIZE, unlimited()).unwrap();
    photo.annotate(faces, of_quality(quality)).unwrap()
}

fn face(prediction: Option<Prediction>) -> Face {
    Face {
        rectangle: [20, 10, 60, 72],
        prediction,
        eyes: vec![[40, 30, 10, 10]],
    }
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
    for channels in [Channels::Grey, Channels::Bgr] {
        for longest_side in [0, 40] {
            let options = DecodeOptions {
                longest_side,
                channels,
                annotate: true,
            };
            let ours = Photo::decode(&file, &header, options, unlimited()).unwrap();
            let theirs = Photo::decode(&file, &in_colours, options, unlimited()).unwrap();
            assert_eq!(ours.image.channels(), if channels == Channels::Grey { 1 } else { 3 });
            assert!(same_pixels(&ours.image, &theirs.image));
            let faces = [face(None)];
            let annotated = ours.annotate(&faces, of_quality(95)).unwrap();
            assert_eq!(annotated, theirs.annotate(&faces, of_quality(95)).unwrap());
            let annotated = Header::read(&annotated).unwrap();
            assert_eq!((annotated.width, annotated.height, annotated.grey), (64, 96, false));
        }
    }
}

#[test]
fn large_jpeg_is_decoded_smaller_for_detection() {
    let file = jpeg(Variant {
        width: 640,
        height: 402,
        ..TYPICAL
    });
    let header = Header::read(&file).unwrap();
    for (longest_side, reduced) in [
        (150, imgcodecs::IMREAD_REDUCED_COLOR_4),
        (320, imgcodecs::IMREAD_REDUCED_COLOR_2),
        (321, imgcodecs::IMREAD_COLOR),
    ] {
        let options = DecodeOptions {
            longest_side,
            ..FULL_SIZE
        };
        let photo = Photo::decode(&file, &header, options, unlimited()).unwrap();
        let (width, height) = photo.scaling().image();
        let expected = downscale(&imdecode(&file, reduced).unwrap(), Size::new(side(width), side(height)));
        assert!(same_pixels(photo.image(), &expected.unwrap()), "{longest_side}");
        assert_eq!(matches!(photo.canvas, Canvas::Kept(_)), longest_side == 321);
        assert_eq!(photo.annotate(&[], of_quality(95)).unwrap(), annotated(&file, &[], 95));
    }
}

#[test]
fn pixels_are_kept_only_to_draw_on_them() {
    let file = noise_png();
    let header = Header::read(&file).unwrap();
    for (channels, longest_side, annotate, kept) in [
        (Channels::Grey, 0, true, true),
        (Channels::Grey, 0, false, false),
        (Channels::Bgr, 50, true, true),
        (Channels::Bgr, 50, false, false),
        // These are the image for detection.
        (Channels::Bgr, 0, true, false),
    ] {
        let options = DecodeOptions {
            longest_side,
            channels,
            annotate,
        };
        let photo = Photo::decode(&file, &header, options, unlimited()).unwrap();
        assert_eq!(matches!(photo.canvas, Canvas::Kept(_)), kept, "{options:?}");
        assert_eq!(photo.annotate(&[], of_quality(95)).unwrap(), annotated(&file, &[], 95));
    }
}

#[test]
fn faces_are_blue_eyes_are_green_and_landmarks_are_red() {
    let landmarks = Landmarks {
        right_eye: [45.5, 35.5],
        left_eye: [60.0, 35.0],
        nose: [50.0, 45.0],
        // Partly outside.
        right_mouth_corner: [-0.5, 99.5],
        // Outside the photo.
        left_mouth_corner: [-1e30, f64::MAX],
    };
    let score = 0.9;
    let with_landmarks = annotated(&png(200, 100), &[face(Some(Prediction { score, landmarks }))], 100);
    let without = annotated(&png(200, 100), &[face(None)], 100);
    let is = |file: &[u8], x: i32, y: i32, strongest: usize| {
        let pixels = decode_file(file).unwrap();
        let colour = pixels.at_2d::<Vec3b>(y, x).unwrap().0;
        // JPEG does not keep colours exactly, and stores fewer of them than pixels.
        (0..3).all(|part| part == strongest || colour[part] + 40 < colour[strongest])
    };
    for file in [&with_landmarks, &without] {
        assert!(is(file, 20, 50, 0) && is(file, 40, 35, 1));
        let header = Header::read(file).unwrap();
        assert_eq!((header.width, header.height), (200, 100));
    }
    assert!(is(&with_landmarks, 45, 35, 2) && is(&with_landmarks, 50, 45, 2));
    assert!(!is(&without, 45, 35, 2) && !is(&with_landmarks, 150, 50, 2));
}

fn noise() -> Mat {
    let mut noise = Mat::new_rows_cols_with_default(64, 64, CV_8UC3, Scalar::all(0.0)).unwrap();
    opencv::core::randu(&mut noise, &Scalar::all(0.0), &Scalar::all(255.0)).unwrap();
    noise
}

fn noise_png() -> Vec<u8> {
    // So that every call makes the same.
    opencv::core::set_rng_seed(1).unwrap();
    let mut file = Vector::new();
    imgcodecs::imencode_def(".png", &noise(), &mut file).unwrap();
    file.into()
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
    let size = |quality| annotated(&noise_png(), &[], quality).len();
    assert!(2 * size(10) < size(95));
}

#[test]
fn a_header_with_another_size_is_damaged() {
    let mut file = png(200, 100);
    // Width and height follow the chunk's length and name; its checksum follows its 13 bytes.
    file[16..24].copy_from_slice(&[0, 0, 0x80, 0, 0, 0, 0, 1]);
    assert!(matches!(
        decode_file(&file),
        Err(PhotoError::Refused(Refusal::PhotoDamaged(..)))
    ));
}
