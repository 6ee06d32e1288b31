//! Lossless WebP files, encoded by `image-webp`; tests with the feature `opencv` compare all variants with OpenCV.

use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

use image_webp::{ColorType, WebPEncoder};

use super::*;
use crate::photo::resource_limits::resident_memory;
use crate::testing::webp::{chunk, extended, file};

const TIMEOUT: Duration = Duration::from_secs(60);

fn unlimited() -> ResourceLimits {
    ResourceLimits {
        deadline: Instant::now() + TIMEOUT,
        memory: None,
    }
}

fn decode_pixels(file: &[u8], limits: ResourceLimits) -> Result<Vec<u8>, PhotoError> {
    let header = Header::read(file).map_err(PhotoError::Refused)?;
    let mut pixels = vec![0; super::super::buffer::bgr_length(&header)];
    decode(file, &header, &mut pixels, limits)?;
    Ok(pixels)
}

fn result_name(file: &[u8], limits: ResourceLimits) -> &'static str {
    match decode_pixels(file, limits) {
        Ok(_) => "a photo",
        Err(PhotoError::Refused(refusal)) => refusal.name(),
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
fn output_is_bgr_without_alpha() {
    let opaque = lossless(&[10, 20, 30, 40, 50, 60], 2, 1, ColorType::Rgb8);
    assert_eq!(decode_pixels(&opaque, unlimited()).unwrap(), [30, 20, 10, 60, 50, 40]);
    let clear = lossless(&[10, 20, 30, 0, 40, 50, 60, 128], 2, 1, ColorType::Rgba8);
    assert_eq!(decode_pixels(&clear, unlimited()).unwrap(), [30, 20, 10, 60, 50, 40]);
}

#[test]
fn other_chunks_are_stripped() {
    let plain = lossless(&[7; 64 * 32 * 3], 64, 32, ColorType::Rgb8);
    let image = plain[12..].to_vec();
    let expected = decode_pixels(&plain, unlimited()).unwrap();
    // Flags for chunks that are missing, and damaged chunks.
    for chunks in [
        vec![extended(0x2c), image.clone()],
        vec![
            extended(0x10),
            chunk(b"ALPH", b"\xff"),
            image.clone(),
            chunk(b"XMP ", b"<"),
        ],
    ] {
        assert_eq!(decode_pixels(&file(&chunks), unlimited()).unwrap(), expected);
    }
}

#[test]
fn damage_is_reported() {
    let noise: Vec<u8> = (0..64 * 32 * 3_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let complete_file = lossless(&noise, 64, 32, ColorType::Rgb8);
    let image = &complete_file[20..];
    for length in [5, 6, 20, image.len() / 2, image.len() - 10] {
        let short = file(&[chunk(b"VP8L", &image[..length])]);
        assert_eq!(result_name(&short, unlimited()), "PhotoDamaged", "{length}");
        assert_eq!(
            result_name(&complete_file[..20 + length], unlimited()),
            "PhotoTruncated",
            "{length}"
        );
    }
    let lossy = file(&[chunk(b"VP8 ", b"\x10\x02\0\x9d\x01\x2a\x40\0\x20\0\0\0\0\0\0")]);
    assert_eq!(result_name(&lossy, unlimited()), "PhotoDamaged");
}

#[test]
fn any_changed_byte_is_a_photo_or_damage() {
    let noise: Vec<u8> = (0..40 * 30 * 3_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 26) as u8)
        .collect();
    let complete_file = lossless(&noise, 40, 30, ColorType::Rgb8);
    let mut random = 1_u32;
    for _ in 0..2000 {
        let mut file = complete_file.clone();
        random = random.wrapping_mul(1_103_515_245).wrapping_add(12345);
        let at = 12 + (random >> 8) as usize % (file.len() - 12).min(200);
        file[at] = random.to_le_bytes()[0];
        if let Ok(header) = Header::read(&file)
            && header.pixels() < 1_000_000
        {
            let _ = result_name(&file, unlimited());
        }
    }
}

#[test]
fn decoding_ends_at_the_deadline() {
    let file = lossless(&[7; 64 * 32 * 3], 64, 32, ColorType::Rgb8);
    let expired = ResourceLimits {
        deadline: Instant::now(),
        memory: None,
    };
    assert!(matches!(decode_pixels(&file, expired), Err(PhotoError::OutOfTime)));
}

/// Bits in the order of lossless WebP, the lowest of each byte first.
#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    count: usize,
}

impl BitWriter {
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

    /// A code of one symbol, which takes no bits in the data.
    fn put_single_symbol_code(&mut self, symbol: u32) {
        self.put(0b101, 3);
        self.put(symbol, 8);
    }

    /// A short code with a large table: its lengths are 1 to 9, and 10 twice.
    fn put_large_code(&mut self) {
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
            let (code, bits) = if length <= 6 { (length - 1, 3) } else { (length + 5, 4) };
            for bit in (0..bits).rev() {
                self.put(code >> bit & 1, 1);
            }
        }
    }
}

/// A file of 64x64 pixels that declares 65,536 Huffman code groups and contains `groups`.
fn with_huffman_groups(groups: usize) -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.put(0x2f, 8);
    bits.put(63, 14);
    bits.put(63, 14);
    bits.put(0, 1 + 3);
    // No transform and no colour cache, but an entropy image with the highest value everywhere.
    bits.put(0, 1);
    bits.put(0, 1);
    bits.put(1, 1);
    bits.put(0, 3);
    bits.put(0, 1);
    for symbol in [255, 255, 0, 0, 0] {
        bits.put_single_symbol_code(symbol);
    }
    for _ in 0..5 * groups {
        bits.put_large_code();
    }
    file(&[chunk(b"VP8L", &bits.bytes)])
}

/// Set in the process that the test below starts.
const OWN_PROCESS: &str = "WEBP_MEMORY_TEST";

/// In a process of its own, because the limit is for the whole process, and other tests need memory at the same time.
#[test]
fn tables_over_the_memory_limit_are_refused() {
    let name = concat!(module_path!(), "::memory_limit_in_its_own_process");
    let (_, name) = name.split_once("::").unwrap();
    let output = Command::new(env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(OWN_PROCESS, "1")
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && stdout.contains("1 passed"), "{output:?}");
}

#[test]
fn memory_limit_in_its_own_process() {
    if env::var_os(OWN_PROCESS).is_none() {
        return;
    }
    let available = resident_memory().unwrap() + (200 << 20);
    let limits = ResourceLimits {
        deadline: Instant::now() + TIMEOUT,
        memory: Some(available),
    };
    // All of its groups would take more than a gigabyte.
    let file = with_huffman_groups(65_536);
    assert!(file.len() < 6 << 20);
    assert_eq!(result_name(&file, limits), "NotEnoughMemory");
    // With few groups the file is only damaged.
    assert_eq!(result_name(&with_huffman_groups(100), limits), "PhotoDamaged");
}
