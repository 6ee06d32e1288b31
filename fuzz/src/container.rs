//! Photos with an EXIF block in each container format that supports one. Everything except the block is valid,
//! including lengths and checksums, so that fuzzing gets past the first checks.

/// The longest block that fits into a JPEG segment.
pub const MAX_BLOCK_LEN: usize = 0xffff - 2 - EXIF_HEADER.len();

/// The prefix of a block in JPEG files. Source: CIPA DC-008, 4.7.2.
pub const EXIF_HEADER: &[u8] = b"Exif\0\0";
/// XMP, which some programs write before EXIF.
const XMP_SEGMENT: &[u8] = b"http://ns.adobe.com/xap/1.0/\0<x/>";

/// A grey JPEG file of 8x16 pixels, optionally with XMP before the block.
pub fn jpeg(block: &[u8], xmp: bool) -> Vec<u8> {
    let mut file = b"\xff\xd8".to_vec();
    if xmp {
        segment(&mut file, 0xe1, XMP_SEGMENT);
    }
    segment(&mut file, 0xe1, &[EXIF_HEADER, block].concat());
    segment(&mut file, 0xdb, &[&[0][..], &[1; 64]].concat());
    segment(&mut file, 0xc0, b"\x08\0\x10\0\x08\x01\x01\x11\0");
    for table in [0x00, 0x10] {
        // One code of one bit, for the value 0.
        let mut counts = [0; 17];
        counts[0] = table;
        counts[1] = 1;
        segment(&mut file, 0xc4, &[&counts[..], &[0]].concat());
    }
    segment(&mut file, 0xda, b"\x01\x01\0\0\x3f\0");
    // Two blocks without a DC difference or AC coefficients: four bits, padded with ones.
    file.extend(b"\x0f\xff\xd9");
    file
}

/// A grey PNG file of 8x16 pixels, with the block before or after IDAT.
pub fn png(block: &[u8], after_pixels: bool) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, b"IHDR", b"\0\0\0\x08\0\0\0\x10\x01\0\0\0\0");
    if !after_pixels {
        chunk(&mut file, b"eXIf", block);
    }
    // 16 rows of a filter type and one byte of pixels, stored without compression.
    let rows = [0; 32];
    let mut data = b"\x78\x01\x01\x20\0\xdf\xff".to_vec();
    data.extend(rows);
    data.extend(b"\0\x20\0\x01");
    chunk(&mut file, b"IDAT", &data);
    if after_pixels {
        chunk(&mut file, b"eXIf", block);
    }
    chunk(&mut file, b"IEND", b"");
    file
}

/// A lossless WebP file of 8x16 pixels of one colour. With `with_header`, the block has JPEG's prefix, as some programs
/// write it.
pub fn webp(block: &[u8], with_header: bool) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    riff(&mut body, b"VP8X", b"\x08\0\0\0\x07\0\0\x0f\0\0");
    // Width - 1 and height - 1 in 14 bits each, and five prefix codes of one symbol.
    riff(&mut body, b"VP8L", b"\x2f\x07\xc0\x03\0\x88\x88\x08\0");
    let name = if with_header { EXIF_HEADER } else { b"" };
    riff(&mut body, b"EXIF", &[name, block].concat());
    let mut file = Vec::new();
    riff(&mut file, b"RIFF", &body);
    file
}

fn segment(file: &mut Vec<u8>, marker: u8, content: &[u8]) {
    file.extend([0xff, marker]);
    let length = u16::try_from(content.len() + 2).expect("content fits into a segment");
    file.extend(length.to_be_bytes());
    file.extend(content);
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    file.extend(length(content).to_be_bytes());
    file.extend(kind);
    file.extend(content);
    let mut sum = crc32fast::Hasher::new();
    sum.update(kind);
    sum.update(content);
    file.extend(sum.finalize().to_be_bytes());
}

fn riff(file: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    file.extend(kind);
    file.extend(length(content).to_le_bytes());
    file.extend(content);
    if content.len() % 2 == 1 {
        file.push(0);
    }
}

fn length(content: &[u8]) -> u32 {
    u32::try_from(content.len()).expect("content is shorter than 4 GiB")
}
