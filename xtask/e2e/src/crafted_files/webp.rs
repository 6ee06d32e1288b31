//! WebP files: valid ones with added EXIF metadata, and blank ones. Source: WebP Container Specification, and WebP
//! Lossless Bitstream Specification.

/// Converts a file in the simple format to the extended format with EXIF metadata.
pub fn with_exif(simple: &[u8], (width, height): (u32, u32), exif: &[u8]) -> Vec<u8> {
    const HAS_EXIF: u8 = 0x08;
    let side = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
    let header = [vec![HAS_EXIF, 0, 0, 0], side(width), side(height)].concat();
    let chunks = [chunk(b"VP8X", &header), simple[12..].to_vec(), chunk(b"EXIF", exif)];
    riff(&chunks.concat())
}

/// A lossless black image of at most 16384x16384 pixels: each of its five prefix codes has one symbol, so that pixels
/// take no bits.
pub fn blank(width: u32, height: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(width - 1, 14);
    bits.push(height - 1, 14);
    // No alpha, version 0; no transform, no colour cache, no meta prefix codes.
    bits.push(0, 1 + 3 + 1 + 1 + 1);
    for symbol in [0, 0, 0, 255, 0] {
        // A simple prefix code of one symbol with eight bits.
        bits.push(0b101, 3);
        bits.push(symbol, 8);
    }
    let data = [vec![0x2f], bits.bytes].concat();
    riff(&chunk(b"VP8L", &data))
}

fn riff(chunks: &[u8]) -> Vec<u8> {
    let data = [b"WEBP", chunks].concat();
    let mut file = chunk(b"RIFF", &data);
    file.truncate(8 + data.len());
    file
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes();
    let padding = &[0][..data.len() % 2];
    [&kind[..], &length, data, padding].concat()
}

/// Bits, least significant first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    fn push(&mut self, value: u32, count: usize) {
        for place in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = (value >> place & 1) as u8;
            self.bytes[self.used / 8] |= bit << (self.used % 8);
            self.used += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crafted_files_can_be_decoded() {
        let file = blank(300, 200);
        let noted = with_exif(&file, (300, 200), &super::super::tiff::orientation(6, true));
        for file in [file, noted] {
            let picture = image::load_from_memory(&file).unwrap();
            assert_eq!((picture.width(), picture.height()), (300, 200));
        }
    }
}
