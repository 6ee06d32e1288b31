//! PNG files of all variants for tests, with arbitrary bytes that are stored uncompressed.

#[derive(Clone, Copy, Debug)]
pub struct Variant {
    pub width: u32,
    pub height: u32,
    pub depth: u8,
    pub colour: u8,
    pub interlaced: bool,
    /// The number of colours in the palette; 0 for no palette.
    pub palette: u8,
}

/// The variant of most files.
pub const TYPICAL: Variant = Variant {
    width: 33,
    height: 21,
    depth: 8,
    colour: 2,
    interlaced: false,
    palette: 0,
};

/// Every valid combination of colour type and bit depth.
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

impl Variant {
    /// A file with other chunks before and after its image data.
    pub fn file(self, before: &[u8], after: &[u8]) -> Vec<u8> {
        let data = chunk(b"IDAT", &zlib_stored(&self.rows()));
        self.file_of(&[before, &data, after].concat())
    }

    /// A file with these chunks between its header, or its palette, and its end.
    pub fn file_of(self, chunks: &[u8]) -> Vec<u8> {
        let mut header = [self.width.to_be_bytes(), self.height.to_be_bytes()].concat();
        header.extend([self.depth, self.colour, 0, 0, u8::from(self.interlaced)]);
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        file.extend(chunk(b"IHDR", &header));
        if self.palette > 0 {
            let colours: Vec<u8> = (0..3 * u32::from(self.palette))
                .map(|at| (at * 83).to_le_bytes()[0])
                .collect();
            file.extend(chunk(b"PLTE", &colours));
        }
        file.extend(chunks);
        file.extend(chunk(b"IEND", b""));
        file
    }

    /// Arbitrary bytes; each row starts with an arbitrary filter type.
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
                rows.push(noise.to_le_bytes()[2] % 5);
                for _ in 0..line(width) {
                    noise = noise.wrapping_mul(1_103_515_245).wrapping_add(12345);
                    rows.push(noise.to_le_bytes()[2]);
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

/// An uncompressed zlib stream of `bytes`.
pub fn zlib_stored(bytes: &[u8]) -> Vec<u8> {
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

/// All variants, in several sizes each.
pub fn variants() -> Vec<Variant> {
    let mut variants = Vec::new();
    for (colour, depth) in COLOURS_AND_DEPTHS {
        for interlaced in [false, true] {
            for (width, height) in [(1, 1), (2, 1), (1, 5), (3, 3), (4, 9), (8, 8), (33, 21), (300, 170)] {
                let palettes = match (colour, depth) {
                    // A full palette, and one that leaves values without a colour.
                    (3, 8) => vec![255, 7],
                    (3, _) => vec![1 << depth, 1],
                    _ => vec![0],
                };
                for palette in palettes {
                    variants.push(Variant {
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
    variants
}
