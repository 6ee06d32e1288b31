//! Valid and damaged EXIF blocks.

use std::time::{Duration, Instant};

use super::*;
use crate::testing::exif_block;

/// A directory entry: tag, type, count, and the value or its offset.
type Entry = (u16, u16, u32, [u8; 4]);

const SHORT: u16 = 3;
const ORIENTATION: u16 = 0x112;

/// A block with one directory in either byte order; `next` is the offset of another one.
fn directory(little_endian: bool, entries: &[Entry], next: u32) -> Vec<u8> {
    let short = |number: u16| {
        if little_endian {
            number.to_le_bytes()
        } else {
            number.to_be_bytes()
        }
    };
    let long = |number: u32| {
        if little_endian {
            number.to_le_bytes()
        } else {
            number.to_be_bytes()
        }
    };
    let mut block = if little_endian {
        b"II*\0".to_vec()
    } else {
        b"MM\0*".to_vec()
    };
    block.extend(long(8));
    block.extend(short(u16::try_from(entries.len()).unwrap()));
    for (tag, kind, count, value) in entries {
        block.extend([short(*tag), short(*kind)].concat());
        block.extend(long(*count));
        block.extend(value);
    }
    block.extend(long(next));
    block
}

fn number(little_endian: bool, number: u16) -> Entry {
    let mut value = [0; 4];
    let bytes = if little_endian {
        number.to_le_bytes()
    } else {
        number.to_be_bytes()
    };
    value[..2].copy_from_slice(&bytes);
    (ORIENTATION, SHORT, 1, value)
}

fn read(blocks: &[&[u8]]) -> Orientation {
    let mut reader = ExifReader::default();
    for block in blocks {
        reader.read(block);
    }
    reader.orientation()
}

#[test]
fn every_exif_number_is_an_orientation_or_ignored() {
    use Orientation::*;
    let expected = [
        Upright,
        Upright,
        Mirrored,
        UpsideDown,
        Flipped,
        Transposed,
        TurnedLeft,
        Transversed,
        TurnedRight,
        Upright,
    ];
    for little_endian in [true, false] {
        for (of, expected) in (0..).zip(expected) {
            let block = directory(little_endian, &[number(little_endian, of)], 0);
            assert_eq!(read(&[&block]), expected, "{of}");
            let named = [b"Exif\0\0", &block[..]].concat();
            assert_eq!(read(&[&named]), expected, "{of}");
        }
        let block = directory(little_endian, &[number(little_endian, 6 << 8)], 0);
        assert_eq!(read(&[&block]), Upright);
    }
}

#[test]
fn damaged_neighbours_are_ignored() {
    for little_endian in [true, false] {
        let long = |number: u32| {
            if little_endian {
                number.to_le_bytes()
            } else {
                number.to_be_bytes()
            }
        };
        let ours = number(little_endian, 6);
        let neighbours: [Entry; 7] = [
            // Text beyond the end, impossible lengths, and an unknown type.
            (0x10f, 2, 100, long(0xffff_fff0)),
            (0x110, 2, u32::MAX, long(8)),
            (0x131, 99, 7, long(0)),
            (0x11a, 5, 0xffff_ffff, long(4)),
            // Pointers to beyond the end, to the directory itself and to the header.
            (0x8769, 4, 1, long(0xffff_0000)),
            (0x8825, 4, 1, long(8)),
            (0x8769, 2, 3, long(0)),
        ];
        for neighbour in neighbours {
            for entries in [[neighbour, ours], [ours, neighbour]] {
                for next in [0, 8, 0xffff_ffff] {
                    let block = directory(little_endian, &entries, next);
                    assert_eq!(read(&[&block]), Orientation::TurnedLeft, "{neighbour:?}");
                }
            }
        }
        // More entries declared than the block has.
        let mut block = directory(little_endian, &[ours], 0);
        block[8..10].fill(0xff);
        assert_eq!(read(&[&block]), Orientation::TurnedLeft);
        block.truncate(22);
        assert_eq!(read(&[&block]), Orientation::TurnedLeft);
    }
}

#[test]
fn invalid_exif_is_ignored() {
    let valid_block = exif_block(6);
    for length in 0..22 {
        assert_eq!(read(&[&valid_block[..length]]), Orientation::Upright, "{length}");
    }
    assert_eq!(
        read(&[b"", b"Exif\0\0", b"II*\0\xff\xff\xff\xff", &[0xff; 1000]]),
        Orientation::Upright
    );
    let text = directory(false, &[(ORIENTATION, 2, 2, *b"6\0\0\0")], 0);
    assert_eq!(read(&[&text]), Orientation::Upright);
    // The next block is read then.
    assert_eq!(read(&[&text, &valid_block, &exif_block(3)]), Orientation::TurnedLeft);
}

#[test]
fn blocks_of_any_size_are_read_fast() {
    let start = Instant::now();
    let damaged: Entry = (0x10f, 2, 100, [0xff; 4]);
    let many = directory(false, &vec![damaged; 65_535], 0);
    assert_eq!(read(&vec![&many[..]; 1000]), Orientation::Upright);
    // Each entry points to another directory, which points to more.
    for from in [8_u32, 9, 10, 13] {
        let pointer = |at: u32| (0x8769, 4, 1, (from + 12 * at).to_be_bytes());
        let block = directory(false, &(0..5000).map(pointer).collect::<Vec<_>>(), 8);
        assert_eq!(read(&[&block]), Orientation::Upright);
    }
    let mut late = vec![(0x10f, SHORT, 1, [0; 4]); 5000];
    late.push(number(false, 6));
    assert_eq!(read(&[&directory(false, &late, 0)]), Orientation::TurnedLeft);
    assert!(start.elapsed() < Duration::from_secs(5));
}
