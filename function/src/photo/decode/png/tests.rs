//! PNG files of all kinds. What they hold is any bytes, packed without compression; in the SDK's tests they are compared
//! with OpenCV.

use std::time::{Duration, Instant};

use super::*;

/// A file of a kind: what its header says, and how far its data is from that.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub width: u32,
    pub height: u32,
    pub depth: u8,
    pub colour: u8,
    pub interlaced: bool,
    /// Colours in the palette, if there is one.
    pub palette: u8,
}

/// What most files are.
pub const COMMON: Kind = Kind {
    width: 33,
    height: 21,
    depth: 8,
    colour: 2,
    interlaced: false,
    palette: 0,
};

/// Every combination of colours and depth that there is.
pub const COLOURS_AND_DEPTHS: [(u8, u8); 15] = [
    (0, 1),
    (0, 2),
    (0, 4),
    (0, 8),
    (0, 16),
    (2, 8),
    (2, 16),
    (3, 1),
    (3, 2),
    (3, 4),
    (3, 8),
    (4, 8),
    (4, 16),
    (6, 8),
    (6, 16),
];

pub fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [name, content].concat();
    let length = u32::try_from(content.len()).unwrap();
    let sum = crc32fast::hash(&named);
    [&length.to_be_bytes(), &named[..], &sum.to_be_bytes()].concat()
}

impl Kind {
    /// A file, with other chunks before its data and after it.
    pub fn file(self, before: &[u8], after: &[u8]) -> Vec<u8> {
        let data = chunk(b"IDAT", &packed(&self.rows()));
        self.file_of(&[before, &data, after].concat())
    }

    /// A file of these chunks.
    pub fn file_of(self, chunks: &[u8]) -> Vec<u8> {
        let mut header = [self.width.to_be_bytes(), self.height.to_be_bytes()].concat();
        header.extend([self.depth, self.colour, 0, 0, u8::from(self.interlaced)]);
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        file.extend(chunk(b"IHDR", &header));
        if self.palette > 0 {
            let colours: Vec<u8> = (0..3 * u32::from(self.palette))
                .map(|at| (at * 83) as u8)
                .collect();
            file.extend(chunk(b"PLTE", &colours));
        }
        file.extend(chunks);
        file.extend(chunk(b"IEND", b""));
        file
    }

    /// Any bytes, of which every fourth or so begins a row with another filter.
    pub fn rows(self) -> Vec<u8> {
        let samples = match self.colour {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        };
        let line = |pixels: u32| (pixels * samples * u32::from(self.depth)).div_ceil(8);
        let mut noise = 1_u32;
        let mut rows = Vec::new();
        let mut add = |width: u32, height: u32| {
            for _ in 0..if width == 0 { 0 } else { height } {
                noise = noise.wrapping_mul(1_103_515_245).wrapping_add(12345);
                rows.push((noise >> 16) as u8 % 5);
                for _ in 0..line(width) {
                    noise = noise.wrapping_mul(1_103_515_245).wrapping_add(12345);
                    rows.push((noise >> 16) as u8);
                }
            }
        };
        if self.interlaced {
            for [x, y, dx, dy] in [
                [0, 0, 8, 8],
                [4, 0, 8, 8],
                [0, 4, 4, 8],
                [2, 0, 4, 4],
                [0, 2, 2, 4],
                [1, 0, 2, 2],
                [0, 1, 1, 2],
            ] {
                let part = |side: u32, first: u32, step| side.saturating_sub(first).div_ceil(step);
                add(part(self.width, x, dx), part(self.height, y, dy));
            }
        } else {
            add(self.width, self.height);
        }
        rows
    }
}

/// Bytes as a stream of zlib's that is not compressed.
pub fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(u16::MAX.into()).peekable();
    while let Some(block) = blocks.next() {
        stream.push(u8::from(blocks.peek().is_none()));
        let length = u16::try_from(block.len()).unwrap();
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (mut one, mut two) = (1_u32, 0_u32);
    for byte in bytes {
        one = (one + u32::from(*byte)) % 65_521;
        two = (two + one) % 65_521;
    }
    stream.extend((two << 16 | one).to_be_bytes());
    stream
}

/// All kinds, of some sizes each.
pub fn kinds() -> Vec<Kind> {
    let mut kinds = Vec::new();
    for (colour, depth) in COLOURS_AND_DEPTHS {
        for interlaced in [false, true] {
            for (width, height) in [
                (1, 1),
                (2, 1),
                (1, 5),
                (3, 3),
                (4, 9),
                (8, 8),
                (33, 21),
                (300, 170),
            ] {
                let palettes = match (colour, depth) {
                    // Full, and so that values have no colour.
                    (3, 8) => vec![255, 7],
                    (3, _) => vec![1 << depth, 1],
                    _ => vec![0],
                };
                for palette in palettes {
                    kinds.push(Kind {
                        width,
                        height,
                        depth,
                        colour,
                        interlaced,
                        palette,
                    });
                }
            }
        }
    }
    kinds
}

fn decoded(file: &[u8]) -> Result<Vec<u8>, Failure> {
    let header = Header::read(file).map_err(Failure::Photo)?;
    let mut pixels = vec![0; super::super::size(&header)];
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
