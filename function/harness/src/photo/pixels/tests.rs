//! Decoding of photos, in their own size and smaller.

use opencv::core::{CV_8UC1, CV_8UC3, NORM_INF, Scalar, Vector, no_array, norm2};
use opencv::imgcodecs;

use super::*;
use crate::photo::Refusal;
use crate::testing::jpeg::{TYPICAL, Variant, file as jpeg};
use crate::testing::unlimited;

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

const FULL_SIZE: Decoding = Decoding {
    longest_side: 0,
    channels: Channels::Bgr,
};

/// The photo in its own size.
fn canvas(file: &[u8]) -> Mat {
    let header = Header::read(file).unwrap();
    let photo = Photo::decode(file, &header, FULL_SIZE, true, unlimited()).unwrap();
    photo.into_canvas().unwrap()
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
            let decoding = Decoding { longest_side, channels };
            let ours = Photo::decode(&file, &header, decoding, true, unlimited()).unwrap();
            let theirs = Photo::decode(&file, &in_colours, decoding, true, unlimited()).unwrap();
            assert_eq!(ours.image.channels(), if channels == Channels::Grey { 1 } else { 3 });
            assert!(same_pixels(&ours.image, &theirs.image));
            let canvas = ours.into_canvas().unwrap();
            assert!(same_pixels(&canvas, &theirs.into_canvas().unwrap()));
            assert_eq!((canvas.cols(), canvas.rows(), canvas.typ()), (64, 96, CV_8UC3));
        }
    }
}

#[test]
fn large_jpeg_is_decoded_smaller() {
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
        let decoding = Decoding {
            longest_side,
            ..FULL_SIZE
        };
        let photo = Photo::decode(&file, &header, decoding, true, unlimited()).unwrap();
        let (width, height) = photo.scaling().image();
        let expected = downscale(&imdecode(&file, reduced).unwrap(), Size::new(side(width), side(height)));
        assert!(same_pixels(photo.image(), &expected.unwrap()), "{longest_side}");
        assert_eq!(matches!(photo.canvas, Canvas::Kept(_)), longest_side == 321);
        assert!(same_pixels(&photo.into_canvas().unwrap(), &canvas(&file)));
    }
}

#[test]
fn pixels_are_kept_only_to_draw_on_them() {
    let file = noise_png();
    let header = Header::read(&file).unwrap();
    for (channels, longest_side, draws, kept) in [
        (Channels::Grey, 0, true, true),
        (Channels::Grey, 0, false, false),
        (Channels::Bgr, 50, true, true),
        (Channels::Bgr, 50, false, false),
        // They are the image.
        (Channels::Bgr, 0, true, false),
    ] {
        let decoding = Decoding { longest_side, channels };
        let photo = Photo::decode(&file, &header, decoding, draws, unlimited()).unwrap();
        assert_eq!(matches!(photo.canvas, Canvas::Kept(_)), kept, "{decoding:?} {draws}");
        assert!(same_pixels(&photo.into_canvas().unwrap(), &canvas(&file)));
    }
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
fn a_header_with_another_size_is_damaged() {
    let mut file = png(200, 100);
    // Width and height follow the chunk's length and name; its checksum follows its 13 bytes.
    file[16..24].copy_from_slice(&[0, 0, 0x80, 0, 0, 0, 0, 1]);
    assert!(matches!(
        decode_file(&file),
        Err(PhotoError::Refused(Refusal::PhotoDamaged(..)))
    ));
}
