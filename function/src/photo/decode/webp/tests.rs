//! WebP files without losses, written by the decoder's own crate; in the SDK's tests all kinds are compared with OpenCV.

use std::time::{Duration, Instant};

use image_webp::{ColorType, WebPEncoder};

use super::*;
use crate::photo::container::webp::tests::{chunk, extended, file};
use crate::photo::watch::resident;

const LONG: Duration = Duration::from_secs(60);

fn watch() -> Watch {
    Watch {
        until: Instant::now() + LONG,
        memory: None,
    }
}

fn decoded(file: &[u8], watch: Watch) -> Result<Vec<u8>, Failure> {
    let header = Header::read(file).map_err(Failure::Photo)?;
    let mut pixels = vec![0; super::super::buffer::size(&header)];
    decode(file, &header, &mut pixels, watch)?;
    Ok(pixels)
}

fn name(file: &[u8], watch: Watch) -> &'static str {
    match decoded(file, watch) {
        Ok(_) => "a photo",
        Err(Failure::Photo(refusal)) => refusal.name(),
        Err(failure) => panic!("{failure:?}"),
    }
}

fn lossless(pixels: &[u8], width: u32, height: u32, colours: ColorType) -> Vec<u8> {
    let mut file = Vec::new();
    let encoder = WebPEncoder::new(&mut file);
    encoder.encode(pixels, width, height, colours).unwrap();
    file
}

#[test]
fn blue_comes_first_and_opacity_is_left_out() {
    let opaque = lossless(&[10, 20, 30, 40, 50, 60], 2, 1, ColorType::Rgb8);
    assert_eq!(decoded(&opaque, watch()).unwrap(), [30, 20, 10, 60, 50, 40]);
    let clear = lossless(&[10, 20, 30, 0, 40, 50, 60, 128], 2, 1, ColorType::Rgba8);
    assert_eq!(decoded(&clear, watch()).unwrap(), [30, 20, 10, 60, 50, 40]);
}

#[test]
fn other_chunks_reach_no_decoder() {
    let plain = lossless(&[7; 64 * 32 * 3], 64, 32, ColorType::Rgb8);
    let picture = plain[12..].to_vec();
    let expected = decoded(&plain, watch()).unwrap();
    // Flags that promise chunks which are not there, and chunks that are damaged.
    for chunks in [
        vec![extended(0x2c), picture.clone()],
        vec![
            extended(0x10),
            chunk(b"ALPH", b"\xff"),
            picture.clone(),
            chunk(b"XMP ", b"<"),
        ],
    ] {
        assert_eq!(decoded(&file(&chunks), watch()).unwrap(), expected);
    }
}

#[test]
fn damage_is_found() {
    let noise: Vec<u8> = (0..64 * 32 * 3_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let whole = lossless(&noise, 64, 32, ColorType::Rgb8);
    let picture = &whole[20..];
    for length in [5, 6, 20, picture.len() / 2, picture.len() - 10] {
        let short = file(&[chunk(b"VP8L", &picture[..length])]);
        assert_eq!(name(&short, watch()), "PhotoDamaged", "{length}");
        assert_eq!(
            name(&whole[..20 + length], watch()),
            "PhotoTruncated",
            "{length}"
        );
    }
    let lossy = file(&[chunk(
        b"VP8 ",
        b"\x10\x02\0\x9d\x01\x2a\x40\0\x20\0\0\0\0\0\0",
    )]);
    assert_eq!(name(&lossy, watch()), "PhotoDamaged");
}

#[test]
fn any_change_of_a_byte_is_a_photo_or_damage() {
    let noise: Vec<u8> = (0..40 * 30 * 3_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 26) as u8)
        .collect();
    let whole = lossless(&noise, 40, 30, ColorType::Rgb8);
    let mut random = 1_u32;
    for _ in 0..2000 {
        let mut file = whole.clone();
        random = random.wrapping_mul(1_103_515_245).wrapping_add(12345);
        let at = 12 + (random >> 8) as usize % (file.len() - 12).min(200);
        file[at] = random as u8;
        if let Ok(header) = Header::read(&file)
            && header.pixels() < 1_000_000
        {
            let _ = name(&file, watch());
        }
    }
}

#[test]
fn decoding_ends_when_nobody_waits_any_more() {
    let file = lossless(&[7; 64 * 32 * 3], 64, 32, ColorType::Rgb8);
    let late = Watch {
        until: Instant::now(),
        memory: None,
    };
    assert!(matches!(decoded(&file, late), Err(Failure::OutOfTime)));
}

/// Bits as lossless WebP has them, the lowest of each byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn put(&mut self, value: u32, count: usize) {
        for bit in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.len() - 1;
            self.bytes[last] |= ((value >> bit & 1) as u8) << (self.count % 8);
            self.count += 1;
        }
    }

    /// A code of one symbol, which then takes no bits.
    fn put_single(&mut self, symbol: u32) {
        self.put(0b101, 3);
        self.put(symbol, 8);
    }

    /// A code in few bits whose table is large: its lengths are 1 to 9 and twice 10.
    fn put_large(&mut self) {
        self.put(0, 1);
        self.put(14 - 4, 4);
        // Lengths of the codes for lengths, in the format's order: 17, 18, 0, then 1 to 5, 16, and 6 to 10.
        for length in [0, 0, 0, 3, 3, 3, 3, 3, 0, 3, 4, 4, 4, 4] {
            self.put(length, 3);
        }
        // Only eleven symbols have a length.
        self.put(1, 1);
        self.put(1, 3);
        self.put(11 - 2, 4);
        for length in [1_u32, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10] {
            let (code, bits) = if length <= 6 {
                (length - 1, 3)
            } else {
                (length + 5, 4)
            };
            for bit in (0..bits).rev() {
                self.put(code >> bit & 1, 1);
            }
        }
    }
}

/// A file of 64x64 pixels that promises 65,536 groups of codes, and has so many of them.
fn greedy(groups: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0x2f, 8);
    bits.put(63, 14);
    bits.put(63, 14);
    bits.put(0, 1 + 3);
    // No transform, no cache of colours; but codes by place, the highest everywhere.
    bits.put(0, 1);
    bits.put(0, 1);
    bits.put(1, 1);
    bits.put(0, 3);
    bits.put(0, 1);
    for symbol in [255, 255, 0, 0, 0] {
        bits.put_single(symbol);
    }
    for _ in 0..5 * groups {
        bits.put_large();
    }
    file(&[chunk(b"VP8L", &bits.bytes)])
}

#[test]
fn tables_that_would_take_all_memory_are_given_up() {
    let has = resident().unwrap() + (200 << 20);
    let watch = Watch {
        until: Instant::now() + LONG,
        memory: Some(has),
    };
    // With all of its groups it would take more than a gigabyte.
    let file = greedy(65_536);
    assert!(file.len() < 6 << 20);
    assert_eq!(name(&file, watch), "NotEnoughMemory");
    // A few of them are only damaged.
    assert_eq!(name(&greedy(100), watch), "PhotoDamaged");
}
