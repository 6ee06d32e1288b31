//! JPEG files of all variants, decoded and encoded as OpenCV does.

use std::time::{Duration, Instant};

use opencv::core::{CV_8UC3, Mat, Scalar, Vector};
use opencv::imgcodecs;
use opencv::prelude::*;

use super::*;
use crate::photo::pixels::tests::{assert_reduced_same_as_opencv, assert_same_as_opencv, decode_file};
use crate::testing::jpeg::{TYPICAL, Variant, file, variants};

#[test]
fn pixels_match_opencv() {
    for variant in variants() {
        assert_same_as_opencv(&file(variant), &format!("{variant:?}"));
    }
}

#[test]
fn reduced_pixels_match_opencv() {
    for variant in variants() {
        for reduction in [2, 4, 8] {
            assert_reduced_same_as_opencv(&file(variant), reduction, &format!("1/{reduction} of {variant:?}"));
        }
    }
}

#[test]
fn progressive_files_without_their_last_scans_match_opencv() {
    for max_scans in 1..10 {
        let variant = Variant {
            progressive: 1,
            max_scans,
            ..TYPICAL
        };
        assert_same_as_opencv(&file(variant), &format!("{max_scans} scans"));
    }
}

fn result_name(file: &[u8]) -> &'static str {
    match decode_file(file) {
        Ok(_) => "a photo",
        Err(PhotoError::Refused(refusal)) => refusal.name(),
        Err(failure) => panic!("{failure:?}"),
    }
}

#[test]
fn files_without_eoi_are_decoded_if_complete() {
    // Bytes that vendors write instead of EOI, including some that resemble markers.
    let trailers: [&[u8]; 4] = [
        b"",
        b"\0\0SEFH\x6b\0\0\0\0\0SEFT",
        b"\x01\xff\xe1\x02",
        b"\x01\xff\xc4\0\0\xff\xda\0\x02",
    ];
    for variant in variants() {
        let complete_file = file(variant);
        let cut = &complete_file[..complete_file.len() - 2];
        for trailer in trailers {
            let found = result_name(&[cut, trailer].concat());
            // With arithmetic coding only EOI shows that the data is complete.
            let is_complete = variant.arithmetic == 0;
            assert_eq!(found == "a photo", is_complete, "{variant:?} {trailer:?}: {found}");
        }
        if variant.arithmetic == 0 {
            let preview = file(TYPICAL);
            let found = result_name(&[cut, b"a preview:", &preview].concat());
            assert_eq!(found, "a photo", "{variant:?} and a preview");
        }
    }
}

#[test]
fn incomplete_files_are_truncated() {
    let variants = [
        TYPICAL,
        Variant { restart: 2, ..TYPICAL },
        Variant {
            progressive: 1,
            ..TYPICAL
        },
        Variant {
            non_interleaved: 1,
            ..TYPICAL
        },
        Variant {
            channels: 1,
            horizontal: 1,
            vertical: 1,
            ..TYPICAL
        },
    ];
    for variant in variants {
        let complete_file = file(variant);
        for left in (complete_file.len() * 2 / 3..complete_file.len() - 12)
            .step_by(37)
            .chain([16, 100, 500])
        {
            assert_eq!(
                result_name(&complete_file[..left]),
                "PhotoTruncated",
                "{left} of {} {variant:?}",
                complete_file.len()
            );
            // Repair tools append EOI.
            if variant.progressive == 0
                && variant.non_interleaved == 0
                && (1000..complete_file.len() * 7 / 8).contains(&left)
            {
                let repaired = [&complete_file[..left], b"\xff\xd9"].concat();
                assert_eq!(
                    result_name(&repaired),
                    "PhotoTruncated",
                    "{left} of {} {variant:?}, repaired",
                    complete_file.len()
                );
            }
        }
    }
}

#[test]
fn damaged_data_matches_opencv() {
    let mut noise = 1_u32;
    let mut equal = 0;
    for variant in [
        TYPICAL,
        Variant { restart: 3, ..TYPICAL },
        Variant {
            progressive: 1,
            ..TYPICAL
        },
    ] {
        let complete_file = file(variant);
        for _ in 0..100 {
            let mut file = complete_file.clone();
            noise = noise.wrapping_mul(1_103_515_245).wrapping_add(12345);
            let at = 700 + (noise >> 8) as usize % (file.len() - 702);
            file[at] = noise.to_le_bytes()[0];
            // Files that lack blocks because of their damage are not compared.
            if decode_file(&file).is_ok() {
                assert_same_as_opencv(&file, &format!("byte {at} of {variant:?}"));
                equal += 1;
            }
        }
    }
    assert!(equal > 100, "only {equal} were decoded");
}

#[test]
fn encoded_bytes_match_opencv() {
    for (width, height) in [(1, 1), (7, 5), (64, 64), (131, 97), (2000, 33)] {
        let mut image = Mat::new_rows_cols_with_default(height, width, CV_8UC3, Scalar::all(0.0)).unwrap();
        opencv::core::randu(&mut image, &Scalar::all(0.0), &Scalar::all(255.0)).unwrap();
        for quality in [1, 50, 95, 100] {
            let mut theirs = Vector::<u8>::new();
            let parameters = Vector::from_slice(&[imgcodecs::IMWRITE_JPEG_QUALITY, quality]);
            imgcodecs::imencode(".jpg", &image, &mut theirs, &parameters).unwrap();
            let side = |side: i32| u32::try_from(side).unwrap();
            let size = (side(width), side(height));
            let pixels = image.data_bytes().unwrap();
            let stride = 3 * size.0 as usize;
            let ours = encode(pixels, stride, size, quality, unlimited()).unwrap();
            assert!(ours == theirs.to_vec(), "{width}x{height} {quality}");
        }
    }
}

fn unlimited() -> ResourceLimits {
    ResourceLimits {
        deadline: Instant::now() + Duration::from_secs(60),
        memory: None,
    }
}

#[test]
fn decoding_and_encoding_end_at_the_deadline() {
    let expired = ResourceLimits {
        deadline: Instant::now(),
        memory: None,
    };
    let pixels = vec![0; 3 * 64 * 64];
    let written = encode(&pixels, 3 * 64, (64, 64), 95, expired);
    assert!(matches!(written, Err(PhotoError::OutOfTime)));
    for variant in [
        TYPICAL,
        Variant {
            progressive: 1,
            ..TYPICAL
        },
    ] {
        let file = file(variant);
        let header = Header::read(&file).unwrap();
        let mut pixels = vec![0; 3 * 131 * 97];
        let rows = Rows {
            pixels: &mut pixels,
            stride: 3 * 131,
            channels: 3,
            reduction: 1,
        };
        let decoded = decode(&file, &header, rows, expired);
        assert!(matches!(decoded, Err(PhotoError::OutOfTime)));
    }
}
