//! PNG files of all kinds. What they hold is any bytes, packed without compression; in the SDK's tests they are compared
//! with OpenCV.

pub mod kinds;

use std::time::{Duration, Instant};

use self::kinds::{COMMON, Kind, chunk, kinds, packed};
use super::*;

fn decoded(file: &[u8]) -> Result<Vec<u8>, Failure> {
    let header = Header::read(file).map_err(Failure::Photo)?;
    let mut pixels = vec![0; super::super::buffer::size(&header)];
    let watch = Watch {
        until: Instant::now() + Duration::from_secs(60),
        memory: None,
    };
    decode(file, &header, &mut pixels, watch)?;
    Ok(pixels)
}

fn name(file: &[u8]) -> &'static str {
    match decoded(file) {
        Ok(_) => "a photo",
        Err(Failure::Photo(refusal)) => refusal.name(),
        Err(failure) => panic!("{failure:?}"),
    }
}

#[test]
fn every_kind_is_decoded() {
    for kind in kinds() {
        let file = kind.file(b"", b"");
        assert_eq!(name(&file), "a photo", "{kind:?}");
    }
}

#[test]
fn blue_comes_first_and_16_bits_lose_the_lower_eight() {
    let kind = Kind {
        width: 2,
        height: 1,
        depth: 16,
        ..COMMON
    };
    let row = [0, 10, 1, 20, 2, 30, 3, 40, 4, 50, 5, 60, 6];
    let file = kind.file_of(&chunk(b"IDAT", &packed(&row)));
    assert_eq!(decoded(&file).unwrap(), [30, 20, 10, 60, 50, 40]);
}

#[test]
fn other_chunks_reach_no_decoder() {
    // What would end a decoder that reads it, or blow it up.
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
    let plain = COMMON.file(b"", b"");
    let expected = decoded(&plain).unwrap();
    assert_eq!(decoded(&COMMON.file(&others, b"")).unwrap(), expected);
    assert_eq!(decoded(&COMMON.file(b"", &others)).unwrap(), expected);
    let after_the_end = [&plain[..], b"a depth map"].concat();
    assert_eq!(decoded(&after_the_end).unwrap(), expected);
    let palette = chunk(b"PLTE", &[1; 9]);
    assert_eq!(decoded(&COMMON.file(&palette, &palette)).unwrap(), expected);
}

#[test]
fn data_after_the_picture_is_not_unpacked() {
    let mut rows = COMMON.rows();
    rows.resize(rows.len() + 100_000, 7);
    let file = COMMON.file_of(&chunk(b"IDAT", &packed(&rows)));
    assert_eq!(
        decoded(&file).unwrap(),
        decoded(&COMMON.file(b"", b"")).unwrap()
    );
}

#[test]
fn data_in_any_number_of_pieces_is_one_picture() {
    let expected = decoded(&COMMON.file(b"", b"")).unwrap();
    let data = packed(&COMMON.rows());
    for size in [1, 7, 1000] {
        let pieces: Vec<u8> = data
            .chunks(size)
            .flat_map(|piece| chunk(b"IDAT", piece))
            .collect();
        let none = chunk(b"IDAT", b"");
        assert_eq!(
            decoded(&COMMON.file_of(&[&none[..], &pieces, &none].concat())).unwrap(),
            expected
        );
    }
    // Nothing may come between them.
    let (one, other) = data.split_at(100);
    let apart = [
        chunk(b"IDAT", one),
        chunk(b"tEXt", b"a\0b"),
        chunk(b"IDAT", other),
    ]
    .concat();
    assert_eq!(name(&COMMON.file_of(&apart)), "PhotoDamaged");
}

#[test]
fn damage_is_found() {
    let whole = COMMON.file(b"", b"");
    let data = packed(&COMMON.rows());
    let short = COMMON.file_of(&chunk(b"IDAT", &data[..data.len() / 2]));
    let mut wrong_sum = whole.clone();
    let at = wrong_sum.len() - 14;
    wrong_sum[at] ^= 1;
    let unknown = COMMON.file(&chunk(b"NEED", b"this"), b"");
    let no_data = COMMON.file_of(b"");
    let two_headers = COMMON.file(&chunk(b"IHDR", &[0; 13]), b"");
    let bad_depth = Kind { depth: 3, ..COMMON }.file(b"", b"");
    let bad_colour = Kind {
        colour: 5,
        ..COMMON
    }
    .file(b"", b"");
    let no_palette = Kind {
        colour: 3,
        ..COMMON
    }
    .file(b"", b"");
    let no_deflate = COMMON.file_of(&chunk(b"IDAT", &[0xff; 100]));
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
        assert_eq!(name(&file), "PhotoDamaged", "{what}");
    }
    for length in 16..whole.len() {
        assert_eq!(name(&whole[..length]), "PhotoTruncated", "{length}");
    }
}

#[test]
fn decoding_ends_when_nobody_waits_any_more() {
    let kind = Kind {
        width: 1000,
        height: 1000,
        ..COMMON
    };
    let file = kind.file(b"", b"");
    let header = Header::read(&file).unwrap();
    let mut pixels = vec![0; 3_000_000];
    let late = Watch {
        until: Instant::now(),
        memory: None,
    };
    let decoded = decode(&file, &header, &mut pixels, late);
    assert!(matches!(decoded, Err(Failure::OutOfTime)), "{decoded:?}");
}

#[test]
fn any_change_of_a_byte_is_a_photo_or_damage() {
    let mut noise = 1_u32;
    for kind in kinds() {
        let whole = kind.file(b"", b"");
        for _ in 0..20 {
            let mut file = whole.clone();
            noise = noise.wrapping_mul(1_103_515_245).wrapping_add(12345);
            let at = 8 + (noise >> 8) as usize % (file.len() - 8);
            file[at] = noise as u8;
            if let Ok(header) = Header::read(&file)
                && header.pixels() < 1_000_000
            {
                let _ = name(&file);
            }
        }
    }
}
