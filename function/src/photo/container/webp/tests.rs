//! Chunks of WebP files, whose pictures are only headers.

use super::*;
use crate::photo::orientation::Orientation;
use crate::photo::orientation::tests::block;

pub fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    let padding = &[0][..content.len() % 2];
    [name, &length.to_le_bytes()[..], content, padding].concat()
}

pub fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    let chunks = chunks.concat();
    let length = u32::try_from(chunks.len() + 4).unwrap();
    [b"RIFF", &length.to_le_bytes()[..], b"WEBP", &chunks].concat()
}

/// The extended header of a picture of 64x32 pixels.
pub fn extended(flags: u8) -> Vec<u8> {
    chunk(b"VP8X", &[flags, 0, 0, 0, 63, 0, 0, 31, 0, 0])
}

fn lossy() -> Vec<u8> {
    chunk(b"VP8 ", b"\x10\0\0\x9d\x01\x2a\x40\x40\x20\x80\0\0\0")
}

fn lossless() -> Vec<u8> {
    chunk(b"VP8L", b"\x2f\x3f\xc0\x07\0\0\0")
}

fn name(file: &[u8]) -> &'static str {
    read(file).map_or_else(|refusal| refusal.name(), |_| "a photo")
}

#[test]
fn the_size_is_that_of_the_picture() {
    for (picture, kind) in [(lossy(), false), (lossless(), true)] {
        for chunks in [
            vec![picture.clone()],
            vec![extended(0), picture.clone()],
            vec![
                extended(0x20),
                chunk(b"ICCP", b"abc"),
                chunk(b"ALPH", b"a"),
                picture.clone(),
            ],
        ] {
            let found = read(&file(&chunks)).unwrap();
            let Header { width, height, .. } = found.header;
            assert_eq!((width, height, found.lossless), (64, 32, kind));
        }
    }
}

#[test]
fn a_file_is_as_long_as_it_says() {
    let whole = file(&[lossy()]);
    assert_eq!(name(&[&whole[..], b"more"].concat()), "a photo");
    for length in 8..whole.len() {
        assert_eq!(name(&whole[..length]), "PhotoTruncated", "{length}");
    }
}

#[test]
fn the_orientation_is_in_a_chunk_of_an_extended_file_anywhere() {
    let exif = || chunk(b"EXIF", &block(6));
    let named = chunk(b"EXIF", &[b"Exif\0\0", &block(6)[..]].concat());
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
fn what_is_not_decoded_is_named() {
    assert_eq!(
        name(&file(&[extended(ANIMATION), lossy()])),
        "UnsupportedImage"
    );
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
        assert_eq!(name(&file(&chunks)), "PhotoDamaged", "{chunks:?}");
    }
    assert_eq!(name(&file(&[lossy()])[..12]), "PhotoTruncated");
}
