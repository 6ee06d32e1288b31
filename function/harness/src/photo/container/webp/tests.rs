//! WebP chunks whose images are only headers.

use super::*;
use crate::photo::orientation::Orientation;
use crate::testing::exif_block;
use crate::testing::webp::{chunk, extended, file};

fn lossy() -> Vec<u8> {
    chunk(b"VP8 ", b"\x10\0\0\x9d\x01\x2a\x40\x40\x20\x80\0\0\0")
}

fn lossless() -> Vec<u8> {
    chunk(b"VP8L", b"\x2f\x3f\xc0\x07\0\0\0")
}

fn result_name(file: &[u8]) -> &'static str {
    read(file).map_or_else(|refusal| refusal.name(), |_| "a photo")
}

#[test]
fn the_size_is_that_of_the_image() {
    for (image, kind) in [(lossy(), false), (lossless(), true)] {
        for chunks in [
            vec![image.clone()],
            vec![extended(0), image.clone()],
            vec![
                extended(0x20),
                chunk(b"ICCP", b"abc"),
                chunk(b"ALPH", b"a"),
                image.clone(),
            ],
        ] {
            let found = read(&file(&chunks)).unwrap();
            let Header { width, height, .. } = found.header;
            assert_eq!((width, height, found.lossless), (64, 32, kind));
        }
    }
}

#[test]
fn files_shorter_than_declared_are_truncated() {
    let complete_file = file(&[lossy()]);
    assert_eq!(result_name(&[&complete_file[..], b"more"].concat()), "a photo");
    for length in 8..complete_file.len() {
        assert_eq!(result_name(&complete_file[..length]), "PhotoTruncated", "{length}");
    }
}

#[test]
fn the_orientation_is_read_from_extended_files_only() {
    let exif = || chunk(b"EXIF", &exif_block(6));
    let named = chunk(b"EXIF", &[b"Exif\0\0", &exif_block(6)[..]].concat());
    let xmp = chunk(b"XMP ", b"odd");
    for chunks in [
        vec![extended(8), lossy(), exif()],
        vec![extended(8), exif(), lossless()],
        vec![extended(0), lossy(), xmp, exif()],
        vec![extended(8), lossy(), named],
        vec![extended(8), chunk(b"EXIF", b"none"), lossy(), exif()],
    ] {
        let found = read(&file(&chunks)).unwrap().header.orientation;
        assert_eq!(found, Orientation::TurnedLeft, "{chunks:?}");
    }
    let simple = read(&file(&[lossy(), exif()])).unwrap();
    assert_eq!(simple.header.orientation, Orientation::Upright);
}

#[test]
fn undecodable_files_are_refused_by_name() {
    assert_eq!(result_name(&file(&[extended(ANIMATION), lossy()])), "UnsupportedImage");
    let mut wider = extended(0);
    wider[12] += 1;
    let mut longer = lossy();
    longer[4] += 9;
    for chunks in [
        vec![],
        vec![extended(0)],
        vec![wider, lossy()],
        vec![longer],
        vec![chunk(b"VP8 ", b"\x10\0\0\x9d\x01\x2b\x40\0\x20\0")],
        vec![chunk(b"VP8L", b"\x2e\x3f\xc0\x07\0\0\0")],
        vec![chunk(b"VP8L", b"")],
        vec![chunk(b"JUNK", b""), lossy()],
    ] {
        assert_eq!(result_name(&file(&chunks)), "PhotoDamaged", "{chunks:?}");
    }
    assert_eq!(result_name(&file(&[lossy()])[..12]), "PhotoTruncated");
}
