//! Chunks that say something before anything is decoded.

use super::*;
use crate::photo::decode::png::tests::kinds::{COMMON, Kind, chunk};
use crate::photo::orientation::Orientation;
use crate::photo::orientation::tests::block;

#[test]
fn the_orientation_is_in_a_chunk_anywhere() {
    let orientation = |before: &[u8], after: &[u8]| {
        read(&COMMON.file(before, after))
            .unwrap()
            .header
            .orientation
    };
    let (exif, other) = (chunk(b"eXIf", &block(6)), chunk(b"eXIf", &block(3)));
    let mut damaged = other.clone();
    damaged[10] ^= 1;
    assert_eq!(orientation(b"", b""), Orientation::Upright);
    assert_eq!(orientation(&exif, b""), Orientation::TurnedLeft);
    assert_eq!(orientation(b"", &exif), Orientation::TurnedLeft);
    assert_eq!(orientation(&exif, &other), Orientation::TurnedLeft);
    assert_eq!(orientation(&damaged, &exif), Orientation::TurnedLeft);
    assert_eq!(orientation(&damaged, b""), Orientation::Upright);
    let long = [block(6), vec![7; 1 << 20]].concat();
    assert_eq!(
        orientation(&chunk(b"eXIf", &long), b""),
        Orientation::TurnedLeft
    );
}

#[test]
fn any_number_of_other_chunks_is_stepped_over() {
    let many = chunk(b"tEXt", b"").repeat(300_000);
    assert_eq!(
        read(&COMMON.file(&many, &many)).unwrap().pixels.len(),
        read(&COMMON.file(b"", b"")).unwrap().pixels.len()
    );
}

#[test]
fn what_apples_devices_make_of_it_is_not_read() {
    let whole = COMMON.file(b"", b"");
    let file = [&whole[..8], &chunk(b"CgBI", &[0; 4]), &whole[8..]].concat();
    assert_eq!(read(&file).unwrap_err().name(), "UnsupportedImage");
}

#[test]
fn what_decoding_takes_grows_with_a_row() {
    let memory = |width, depth| {
        let kind = Kind {
            width,
            height: 1,
            depth,
            ..COMMON
        };
        read(&kind.file(b"", b"")).unwrap().header.decoder
    };
    assert!(memory(1_000_000, 8) > 3 * 6_000_000);
    assert!(memory(1_000_000, 16) > memory(1_000_000, 8) + 3 * 6_000_000);
}
