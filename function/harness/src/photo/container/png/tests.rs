//! Chunks that are parsed before decoding.

use super::*;
use crate::photo::orientation::Orientation;
use crate::testing::exif_block;
use crate::testing::png::{TYPICAL, Variant, chunk};

#[test]
fn the_orientation_is_read_from_any_exif_chunk() {
    let orientation = |before: &[u8], after: &[u8]| read(&TYPICAL.file(before, after)).unwrap().header.orientation;
    let (exif, other) = (chunk(b"eXIf", &exif_block(6)), chunk(b"eXIf", &exif_block(3)));
    let mut damaged = other.clone();
    damaged[10] ^= 1;
    assert_eq!(orientation(b"", b""), Orientation::Upright);
    assert_eq!(orientation(&exif, b""), Orientation::TurnedLeft);
    assert_eq!(orientation(b"", &exif), Orientation::TurnedLeft);
    assert_eq!(orientation(&exif, &other), Orientation::TurnedLeft);
    assert_eq!(orientation(&damaged, &exif), Orientation::TurnedLeft);
    assert_eq!(orientation(&damaged, b""), Orientation::Upright);
    let long = [exif_block(6), vec![7; 1 << 20]].concat();
    assert_eq!(orientation(&chunk(b"eXIf", &long), b""), Orientation::TurnedLeft);
}

#[test]
fn any_number_of_other_chunks_is_skipped() {
    let many = chunk(b"tEXt", b"").repeat(300_000);
    assert_eq!(
        read(&TYPICAL.file(&many, &many)).unwrap().image_chunks.len(),
        read(&TYPICAL.file(b"", b"")).unwrap().image_chunks.len()
    );
}

#[test]
fn apples_cgbi_variant_is_unsupported() {
    let complete_file = TYPICAL.file(b"", b"");
    let file = [&complete_file[..8], &chunk(b"CgBI", &[0; 4]), &complete_file[8..]].concat();
    assert_eq!(read(&file).unwrap_err().name(), "UnsupportedImage");
}

#[test]
fn decoder_memory_grows_with_the_row() {
    let memory = |width, depth| {
        let variant = Variant {
            width,
            height: 1,
            depth,
            ..TYPICAL
        };
        read(&variant.file(b"", b"")).unwrap().header.decoder_bytes
    };
    assert!(memory(1_000_000, 8) > 3 * 6_000_000);
    assert!(memory(1_000_000, 16) > memory(1_000_000, 8) + 3 * 6_000_000);
}
