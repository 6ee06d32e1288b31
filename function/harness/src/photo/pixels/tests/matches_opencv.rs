//! Compares pixels with those of OpenCV 4.5.5, for all variants of PNG and WebP files and all orientations.

use opencv::imgproc;

use super::*;
use crate::testing::exif_block;
use crate::testing::png::{self, variants};
use crate::testing::webp;

#[test]
fn png_variants_match_opencv() {
    for variant in variants() {
        // None of these changes pixels.
        let gamma = png::chunk(b"gAMA", &20_000_u32.to_be_bytes());
        let clear: &[u8] = match variant.colour {
            0 => &[0, 1],
            2 => &[0, 1, 0, 2, 0, 3],
            _ => &[],
        };
        let clear = if clear.is_empty() {
            Vec::new()
        } else {
            png::chunk(b"tRNS", clear)
        };
        assert_same_as_opencv(&variant.file(b"", b""), &format!("{variant:?}"));
        assert_same_as_opencv(
            &variant.file(&[gamma, clear].concat(), b""),
            &format!("{variant:?} with more chunks"),
        );
    }
}

#[test]
fn png_files_encoded_by_opencv_match() {
    for channels in [1, 3, 4] {
        for (width, height) in [(1, 1), (37, 53), (640, 427)] {
            for level in [0, 1, 6, 9] {
                let image = test_image(width, height, channels, level);
                let file = encoded(".png", &image, imgcodecs::IMWRITE_PNG_COMPRESSION, level);
                assert_same_as_opencv(&file, &format!("{width}x{height}x{channels} at level {level}"));
            }
        }
    }
}

#[test]
fn damaged_png_files_match_opencv() {
    let mut noise = 1_u32;
    let (mut accepted, mut refused) = (0, 0);
    for variant in variants() {
        let complete_file = variant.file(b"", b"");
        for _ in 0..4 {
            let mut file = complete_file.clone();
            noise = noise.wrapping_mul(1_103_515_245).wrapping_add(12345);
            let at = 33 + (noise >> 8) as usize % (file.len() - 45);
            file[at] = noise.to_le_bytes()[0];
            match (decode_file(&file), decode_with_opencv(&file, false)) {
                (Ok(ours), Some(theirs)) => {
                    accepted += 1;
                    assert!(same_pixels(&ours, &theirs), "byte {at} of {variant:?}");
                }
                (Err(_), None) => refused += 1,
                (ours, theirs) => panic!(
                    "byte {at} of {variant:?}: our result is {:?}, and OpenCV's {}",
                    ours.map(|_| "a photo"),
                    if theirs.is_some() { "a photo" } else { "nothing" },
                ),
            }
        }
    }
    assert!(refused > 100, "{accepted} were decoded and {refused} refused");
}

/// An image with smooth colours, edges and noise.
fn test_image(width: i32, height: i32, channels: i32, turn: i32) -> Mat {
    let mat_type = opencv::core::CV_MAKETYPE(opencv::core::CV_8U, channels);
    let mut image = Mat::new_rows_cols_with_default(height, width, mat_type, Scalar::all(0.0)).unwrap();
    let pixels = image.data_bytes_mut().unwrap();
    let mut noise = u32::try_from(turn).unwrap();
    let [row, channels, turn] = [width * channels, channels, turn].map(|number| usize::try_from(number).unwrap());
    for (at, value) in pixels.iter_mut().enumerate() {
        let (x, y, channel) = (at % row / channels, at / row, at % channels);
        noise = noise.wrapping_mul(1_103_515_245).wrapping_add(12345);
        *value = match (x / 13 + y / 11 + turn) % 6 {
            0 => (noise >> 24) as u8,
            1 => 255 * u8::from(x / 3 % 2 == 1),
            2 => (40 * channel).to_le_bytes()[0],
            _ => (x * (1 + channel) + y * (3 - channel.min(3))).to_le_bytes()[0],
        };
    }
    image
}

fn encoded(name: &str, image: &Mat, parameter: i32, value: i32) -> Vec<u8> {
    let mut file = Vector::<u8>::new();
    let parameters = Vector::from_slice(&[parameter, value]);
    assert!(imgcodecs::imencode(name, image, &mut file, &parameters).unwrap());
    file.to_vec()
}

#[test]
fn webp_variants_match_opencv() {
    let mut count = 0;
    for (width, height) in [
        (1, 1),
        (2, 1),
        (1, 3),
        (5, 4),
        (8, 8),
        (15, 17),
        (16, 16),
        (33, 31),
        (64, 63),
        (131, 97),
        (301, 203),
    ] {
        for channels in [1, 3, 4] {
            // Above 100 the file is lossless.
            for (turn, quality) in (0..).zip([1, 10, 35, 60, 75, 90, 95, 100, 101, 101]) {
                let image = test_image(width, height, channels, turn);
                let file = encoded(".webp", &image, imgcodecs::IMWRITE_WEBP_QUALITY, quality);
                // OpenCV refuses files of less than 32 bytes.
                if file.len() >= 32 {
                    assert_same_as_opencv(&file, &format!("{width}x{height}x{channels} at {quality}, {turn}"));
                    count += 1;
                }
            }
        }
    }
    // Few colours, which are stored in a palette.
    for colours in [2, 4, 5, 16, 17, 256] {
        let mut image = test_image(97, 61, 1, colours);
        for value in image.data_bytes_mut().unwrap() {
            *value = (i32::from(*value) % colours * 77).to_le_bytes()[0];
        }
        let file = encoded(".webp", &image, imgcodecs::IMWRITE_WEBP_QUALITY, 101);
        assert_same_as_opencv(&file, &format!("{colours} colours"));
        count += 1;
    }
    assert!(count > 300, "only {count}");
}

/// A file of each format with this orientation.
fn files_with_orientation(orientation: u16) -> [(&'static str, Vec<u8>); 4] {
    let exif = exif_block(orientation);
    let named = [b"Exif\0\0", &exif[..]].concat();
    let with_segment = |file: Vec<u8>| {
        let length = u16::try_from(named.len() + 2).unwrap().to_be_bytes();
        [&file[..2], b"\xff\xe1", &length, &named, &file[2..]].concat()
    };
    let webp_file = encoded(".webp", &test_image(64, 32, 3, 1), imgcodecs::IMWRITE_WEBP_QUALITY, 90);
    let chunks = [webp::extended(8), webp_file[12..].to_vec(), webp::chunk(b"EXIF", &exif)];
    [
        ("JPEG", with_segment(jpeg(TYPICAL))),
        (
            "grey JPEG",
            with_segment(jpeg(Variant {
                channels: 1,
                horizontal: 1,
                vertical: 1,
                ..TYPICAL
            })),
        ),
        ("PNG", png::TYPICAL.file(&png::chunk(b"eXIf", &exif), b"")),
        ("WebP", webp::file(&chunks)),
    ]
}

#[test]
fn every_orientation_matches_opencv() {
    for orientation in 0..=9 {
        for (format, file) in files_with_orientation(orientation) {
            let header = Header::read(&file).unwrap();
            let photo = Photo::decode(&file, &header, FULL_SIZE, false, unlimited()).unwrap();
            let ours = photo.image();
            // OpenCV 4.5.5 does not read the orientation of a WebP file.
            let theirs = if format == "WebP" {
                let upright = decode_with_opencv(&file, false).unwrap();
                let header = Header {
                    orientation: header.orientation,
                    ..header
                };
                let turned = super::super::apply_orientation(upright, &header).unwrap();
                if orientation == 6 {
                    let mut by_hand = Mat::default();
                    let stored = decode_with_opencv(&file, false).unwrap();
                    opencv::core::rotate(&stored, &mut by_hand, opencv::core::ROTATE_90_CLOCKWISE).unwrap();
                    assert!(same_pixels(&turned, &by_hand));
                }
                turned
            } else {
                decode_with_opencv(&file, true).unwrap()
            };
            assert!(same_pixels(ours, &theirs), "{format} {orientation}");
            let (width, height) = photo.scaling().photo();
            assert_eq!((ours.cols(), ours.rows()), (side(width), side(height)));
        }
    }
}

#[test]
fn grey_conversion_of_a_test_image_matches_opencv() {
    let colour = test_image(131, 97, 3, 5);
    let mut expected = Mat::default();
    imgproc::cvt_color_def(&colour, &mut expected, imgproc::COLOR_BGR2GRAY).unwrap();
    assert!(same_pixels(&to_grey(&colour).unwrap(), &expected));
}
