//! The header of packed networks, whose length and checksum are corrected so that fuzzers get beyond them. The format
//! is in `packed_network.cpp` and `packed_header.hpp` of OpenCV's module objdetect in `opencv-build/overlay`.

use std::ops::Range;

const MAGIC: &[u8] = b"YUNETNE\n";
const LENGTH: Range<usize> = 12..16;
const CHECKSUM: Range<usize> = 16..24;

/// Corrects the length and the checksum of bytes that begin like a packed network; leaves others unchanged.
pub fn correct(bytes: &mut [u8]) {
    let Some((_, content)) = bytes.split_at_checked(CHECKSUM.end) else {
        return;
    };
    let checksum = checksum(content);
    if bytes.starts_with(MAGIC) {
        let length = u32::try_from(bytes.len()).expect("inputs are small");
        bytes[LENGTH].copy_from_slice(&length.to_le_bytes());
        bytes[CHECKSUM].copy_from_slice(&checksum);
    }
}

/// Fletcher's checksum over 32-bit words, in four lanes.
fn checksum(content: &[u8]) -> [u8; 8] {
    let (mut sum, mut sums) = ([1_u32, 2, 3, 4], [0_u32; 4]);
    let mut add = |lane: usize, word: u32| {
        sum[lane] = sum[lane].wrapping_add(word);
        sums[lane] = sums[lane].wrapping_add(sum[lane]);
    };
    let (blocks, rest) = content.as_chunks::<16>();
    for block in blocks {
        for (lane, word) in block.as_chunks::<4>().0.iter().enumerate() {
            add(lane, u32::from_le_bytes(*word));
        }
    }
    for (at, byte) in rest.iter().enumerate() {
        add(at % 4, u32::from(*byte));
    }
    let combine = |lanes: [u32; 4]| {
        let rotated = lanes.into_iter().zip([0, 8, 16, 24]);
        rotated.fold(0, |all, (lane, by)| all ^ lane.rotate_left(by))
    };
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&combine(sum).to_le_bytes());
    bytes[4..].copy_from_slice(&combine(sums).to_le_bytes());
    bytes
}
