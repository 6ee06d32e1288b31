//! PNG files of all variants, with arbitrary bytes that are stored uncompressed; tests with the feature `opencv`
//! compare them with OpenCV.

use std::time::{Duration, Instant};

use super::*;
use crate::testing::png::{TYPICAL, Variant, chunk, variants, zlib_stored};

fn decode_pixels(file: &[u8]) -> Result<Vec<u8>, PhotoError> {
    let header = Header::read(file).map_err(PhotoError::Refused)?;
    let mut pixels = vec![0; super::super::buffer::bgr_length(&header)];
    let limits = ResourceLimits {
        deadline: Instant::now() + Duration::from_secs(60),
        memory: None,
    };
    decode(file, &header, &mut pixels, limits)?;
    Ok(pixels)
}

fn result_name(file: &[u8]) -> &'static str {
    match decode_pixels(file) {
        Ok(_) => "a photo",
        Err(PhotoError::Refused(refusal)) => refusal.name(),
        Err(failure) => panic!("{failure:?}"),
    }
}

#[test]
fn every_variant_is_decoded() {
    for variant in variants() {
        let file = variant.file(b"", b"");
        assert_eq!(result_name(&file), "a photo", "{variant:?}");
    }
}

#[test]
fn output_is_bgr_and_16_bits_lose_the_lower_eight() {
    let variant = Variant {
        width: 2,
        height: 1,
        depth: 16,
        ..TYPICAL
    };
    let row = [0, 10, 1, 20, 2, 30, 3, 40, 4, 50, 5, 60, 6];
    let file = variant.file_of(&chunk(b"IDAT", &zlib_stored(&row)));
    assert_eq!(decode_pixels(&file).unwrap(), [30, 20, 10, 60, 50, 40]);
}

#[test]
fn other_chunks_are_stripped() {
    // Chunks that make a decoder that reads them fail, change its output, or take too much memory.
    let others = [
        chunk(b"gAMA", &1_u32.to_be_bytes()),
        chunk(b"tRNS", &[0, 1, 0, 2, 0, 3]),
        chunk(b"sBIT", &[9; 40]),
        chunk(b"iCCP", b"\0\0\0"),
        chunk(b"zTXt", b"no text"),
        chunk(b"acTL", &[0; 3]),
        chunk(b"fcTL", &[0xff; 7]),
        chunk(b"vpAg", &[7; 1000]),
    ]
    .concat();
    let plain = TYPICAL.file(b"", b"");
    let expected = decode_pixels(&plain).unwrap();
    assert_eq!(decode_pixels(&TYPICAL.file(&others, b"")).unwrap(), expected);
    assert_eq!(decode_pixels(&TYPICAL.file(b"", &others)).unwrap(), expected);
    let after_the_end = [&plain[..], b"a depth map"].concat();
    assert_eq!(decode_pixels(&after_the_end).unwrap(), expected);
    let palette = chunk(b"PLTE", &[1; 9]);
    assert_eq!(decode_pixels(&TYPICAL.file(&palette, &palette)).unwrap(), expected);
}

#[test]
fn data_after_the_image_is_not_decompressed() {
    let mut rows = TYPICAL.rows();
    rows.resize(rows.len() + 100_000, 7);
    let file = TYPICAL.file_of(&chunk(b"IDAT", &zlib_stored(&rows)));
    assert_eq!(
        decode_pixels(&file).unwrap(),
        decode_pixels(&TYPICAL.file(b"", b"")).unwrap()
    );
}

#[test]
fn split_image_data_is_one_image() {
    let expected = decode_pixels(&TYPICAL.file(b"", b"")).unwrap();
    let data = zlib_stored(&TYPICAL.rows());
    for size in [1, 7, 1000] {
        let pieces: Vec<u8> = data.chunks(size).flat_map(|piece| chunk(b"IDAT", piece)).collect();
        let none = chunk(b"IDAT", b"");
        assert_eq!(
            decode_pixels(&TYPICAL.file_of(&[&none[..], &pieces, &none].concat())).unwrap(),
            expected
        );
    }
    // IDAT chunks must be adjacent.
    let (one, other) = data.split_at(100);
    let apart = [chunk(b"IDAT", one), chunk(b"tEXt", b"a\0b"), chunk(b"IDAT", other)].concat();
    assert_eq!(result_name(&TYPICAL.file_of(&apart)), "PhotoDamaged");
}

#[test]
fn damage_is_reported() {
    let complete_file = TYPICAL.file(b"", b"");
    let data = zlib_stored(&TYPICAL.rows());
    let short = TYPICAL.file_of(&chunk(b"IDAT", &data[..data.len() / 2]));
    let mut wrong_sum = complete_file.clone();
    let at = wrong_sum.len() - 14;
    wrong_sum[at] ^= 1;
    let unknown = TYPICAL.file(&chunk(b"NEED", b"this"), b"");
    let no_data = TYPICAL.file_of(b"");
    let two_headers = TYPICAL.file(&chunk(b"IHDR", &[0; 13]), b"");
    let bad_depth = Variant { depth: 3, ..TYPICAL }.file(b"", b"");
    let bad_colour = Variant { colour: 5, ..TYPICAL }.file(b"", b"");
    let no_palette = Variant { colour: 3, ..TYPICAL }.file(b"", b"");
    let no_deflate = TYPICAL.file_of(&chunk(b"IDAT", &[0xff; 100]));
    for (what, file) in [
        ("short", short),
        ("wrong sum", wrong_sum),
        ("unknown", unknown),
        ("no data", no_data),
        ("two headers", two_headers),
        ("bad depth", bad_depth),
        ("bad colour", bad_colour),
        ("no palette", no_palette),
        ("no deflate", no_deflate),
    ] {
        assert_eq!(result_name(&file), "PhotoDamaged", "{what}");
    }
    for length in 16..complete_file.len() {
        assert_eq!(result_name(&complete_file[..length]), "PhotoTruncated", "{length}");
    }
}

#[test]
fn decoding_ends_at_the_deadline() {
    let variant = Variant {
        width: 1000,
        height: 1000,
        ..TYPICAL
    };
    let file = variant.file(b"", b"");
    let header = Header::read(&file).unwrap();
    let mut pixels = vec![0; 3_000_000];
    let expired = ResourceLimits {
        deadline: Instant::now(),
        memory: None,
    };
    let decoded = decode(&file, &header, &mut pixels, expired);
    assert!(matches!(decoded, Err(PhotoError::OutOfTime)), "{decoded:?}");
}

#[test]
fn any_changed_byte_is_a_photo_or_damage() {
    let mut noise = 1_u32;
    for variant in variants() {
        let complete_file = variant.file(b"", b"");
        for _ in 0..20 {
            let mut file = complete_file.clone();
            noise = noise.wrapping_mul(1_103_515_245).wrapping_add(12345);
            let at = 8 + (noise >> 8) as usize % (file.len() - 8);
            file[at] = noise.to_le_bytes()[0];
            if let Ok(header) = Header::read(&file)
                && header.pixels() < 1_000_000
            {
                let _ = result_name(&file);
            }
        }
    }
}
