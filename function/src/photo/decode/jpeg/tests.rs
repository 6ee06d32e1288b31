//! JPEG files of all kinds, decoded and written as OpenCV does it.

pub mod kinds;

use std::time::{Duration, Instant};

use opencv::core::{CV_8UC3, Mat, Scalar, Vector};
use opencv::imgcodecs;
use opencv::prelude::*;

use self::kinds::{COMMON, Kind, file, kinds};
use super::*;
use crate::photo::pixels::tests::{same_as_opencv, stored};

#[test]
fn pixels_are_those_of_opencv() {
    for kind in kinds() {
        same_as_opencv(&file(kind), &format!("{kind:?}"));
    }
}

#[test]
fn a_progressive_file_that_lacks_its_last_scans_is_decoded_as_opencv_does() {
    for scans in 1..10 {
        let kind = Kind {
            progressive: 1,
            scans,
            ..COMMON
        };
        same_as_opencv(&file(kind), &format!("{scans} scans"));
    }
}

fn name(file: &[u8]) -> &'static str {
    match stored(file) {
        Ok(_) => "a photo",
        Err(Failure::Photo(refusal)) => refusal.name(),
        Err(failure) => panic!("{failure:?}"),
    }
}

#[test]
fn a_file_without_an_end_is_a_photo_if_all_of_its_picture_is_there() {
    // What a vendor writes instead, with what looks like a marker in it.
    let trailers: [&[u8]; 4] = [
        b"",
        b"\0\0SEFH\x6b\0\0\0\0\0SEFT",
        b"\x01\xff\xe1\x02",
        b"\x01\xff\xc4\0\0\xff\xda\0\x02",
    ];
    for kind in kinds() {
        let whole = file(kind);
        let cut = &whole[..whole.len() - 2];
        for trailer in trailers {
            let found = name(&[cut, trailer].concat());
            // Only its end says that arithmetic coding has come to it.
            let whole = kind.arithmetic == 0;
            assert_eq!(found == "a photo", whole, "{kind:?} {trailer:?}: {found}");
        }
        if kind.arithmetic == 0 {
            let preview = file(COMMON);
            let found = name(&[cut, b"a preview:", &preview].concat());
            assert_eq!(found, "a photo", "{kind:?} and a preview");
        }
    }
}

#[test]
fn a_file_that_lacks_a_part_of_its_picture_is_truncated() {
    let ways = [
        COMMON,
        Kind {
            restart: 2,
            ..COMMON
        },
        Kind {
            progressive: 1,
            ..COMMON
        },
        Kind {
            one_component_a_scan: 1,
            ..COMMON
        },
        Kind {
            channels: 1,
            horizontal: 1,
            vertical: 1,
            ..COMMON
        },
    ];
    for kind in ways {
        let whole = file(kind);
        for left in (whole.len() * 2 / 3..whole.len() - 12)
            .step_by(37)
            .chain([16, 100, 500])
        {
            assert_eq!(
                name(&whole[..left]),
                "PhotoTruncated",
                "{left} of {} {kind:?}",
                whole.len()
            );
            // Somebody who repairs files puts an end there.
            if kind.progressive == 0
                && kind.one_component_a_scan == 0
                && (1000..whole.len() * 7 / 8).contains(&left)
            {
                let mended = [&whole[..left], b"\xff\xd9"].concat();
                assert_eq!(
                    name(&mended),
                    "PhotoTruncated",
                    "{left} of {} {kind:?}, mended",
                    whole.len()
                );
            }
        }
    }
}

#[test]
fn damage_inside_is_gone_over_as_opencv_does() {
    let mut noise = 1_u32;
    let mut equal = 0;
    for kind in [
        COMMON,
        Kind {
            restart: 3,
            ..COMMON
        },
        Kind {
            progressive: 1,
            ..COMMON
        },
    ] {
        let whole = file(kind);
        for _ in 0..100 {
            let mut file = whole.clone();
            noise = noise.wrapping_mul(1_103_515_245).wrapping_add(12345);
            let at = 700 + (noise >> 8) as usize % (file.len() - 702);
            file[at] = noise as u8;
            // What is damaged so that blocks are missing is not looked at.
            if stored(&file).is_ok() {
                same_as_opencv(&file, &format!("byte {at} of {kind:?}"));
                equal += 1;
            }
        }
    }
    assert!(equal > 100, "only {equal} were decoded");
}

#[test]
fn what_is_written_are_the_bytes_of_opencv() {
    for (width, height) in [(1, 1), (7, 5), (64, 64), (131, 97), (2000, 33)] {
        let mut picture =
            Mat::new_rows_cols_with_default(height, width, CV_8UC3, Scalar::all(0.0)).unwrap();
        opencv::core::randu(&mut picture, &Scalar::all(0.0), &Scalar::all(255.0)).unwrap();
        for quality in [1, 50, 95, 100] {
            let mut theirs = Vector::<u8>::new();
            let parameters = Vector::from_slice(&[imgcodecs::IMWRITE_JPEG_QUALITY, quality]);
            imgcodecs::imencode(".jpg", &picture, &mut theirs, &parameters).unwrap();
            let size = (width as u32, height as u32);
            let pixels = picture.data_bytes().unwrap();
            let ours = encode(pixels, 3 * width as usize, size, quality, watch()).unwrap();
            assert!(ours == theirs.to_vec(), "{width}x{height} {quality}");
        }
    }
}

fn watch() -> Watch {
    Watch {
        until: Instant::now() + Duration::from_secs(60),
        memory: None,
    }
}

#[test]
fn both_end_when_nobody_waits_any_more() {
    let late = Watch {
        until: Instant::now(),
        memory: None,
    };
    let pixels = vec![0; 3 * 64 * 64];
    let written = encode(&pixels, 3 * 64, (64, 64), 95, late);
    assert!(matches!(written, Err(Failure::OutOfTime)));
    for kind in [
        COMMON,
        Kind {
            progressive: 1,
            ..COMMON
        },
    ] {
        let file = file(kind);
        let header = Header::read(&file).unwrap();
        let mut pixels = vec![0; 3 * 131 * 97];
        let rows = Rows {
            pixels: &mut pixels,
            stride: 3 * 131,
            channels: 3,
        };
        let decoded = decode(&file, &header, rows, late);
        assert!(matches!(decoded, Err(Failure::OutOfTime)));
    }
}
