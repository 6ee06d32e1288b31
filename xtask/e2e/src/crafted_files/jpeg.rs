//! JPEG files: valid ones with added segments or other kinds of frames, and blank images of any size with any number of
//! scans. Source: ITU-T T.81, annexes B, F and G.

/// The EOI marker.
const END: [u8; 2] = [0xff, 0xd9];

/// Inserts segments after the SOI marker.
pub fn insert_after_header(file: &[u8], segments: &[Vec<u8>]) -> Vec<u8> {
    [&file[..2], &segments.concat(), &file[2..]].concat()
}

/// An APPn segment; n is 1 for EXIF and XMP.
pub fn app_segment(number: u8, data: &[u8]) -> Vec<u8> {
    segment(0xe0 + number, data)
}

pub fn exif(note: &[u8]) -> Vec<u8> {
    app_segment(1, &[b"Exif\0\0", note].concat())
}

/// An XMP document, in APP1 like EXIF.
pub fn xmp() -> Vec<u8> {
    let name = b"http://ns.adobe.com/xap/1.0/\0";
    let document = b"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\
        \"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"/></x:xmpmeta>";
    app_segment(1, &[&name[..], document].concat())
}

pub fn replace_end_marker(file: &[u8], end: &[u8]) -> Vec<u8> {
    let picture = file.strip_suffix(&END).unwrap_or(file);
    [picture, end].concat()
}

/// Changes the SOFn marker of a baseline file and its sample precision in bits.
pub fn replace_frame_header(file: &[u8], marker: u8, bits: u8) -> Vec<u8> {
    let mut file = file.to_vec();
    let frame = file.windows(2).position(|two| two == [0xff, 0xc0]);
    if let Some(frame) = frame {
        file[frame + 1] = marker;
        file[frame + 4] = bits;
    }
    file
}

/// A blank image with `colours` components in one scan.
pub fn baseline((width, height): (u16, u16), colours: u8) -> Vec<u8> {
    let mut file = begin(0xc0, (width, height), colours);
    // For each block: a DC difference of 0, and end of block.
    file.extend(huffman_table(0x00));
    file.extend(huffman_table(0x10));
    file.extend(scan_header(colours, 63));
    file.extend(zeros(2 * blocks(width, height) * usize::from(colours)));
    file.extend(END);
    file
}

/// A table with one code: bit 0 for symbol 0.
fn huffman_table(table: u8) -> Vec<u8> {
    segment(0xc4, &[&[table, 1][..], &[0; 15], &[0]].concat())
}

/// The header of a scan of all components, from coefficient 0 to `last`.
fn scan_header(colours: u8, last: u8) -> Vec<u8> {
    let mut scan = vec![colours];
    scan.extend((1..=colours).flat_map(|colour| [colour, 0]));
    scan.extend([0, last, 0]);
    segment(0xda, &scan)
}

/// Zero bits; the last byte is padded with ones.
fn zeros(bits: usize) -> Vec<u8> {
    let mut data = vec![0; bits / 8];
    if !bits.is_multiple_of(8) {
        data.push(0xff >> (bits % 8));
    }
    data
}

/// A blank image in one scan of all components and `scans` more, each of one component in turn. A decoder goes through
/// all blocks for each of these, although they consist of a few bytes.
pub fn progressive((width, height): (u16, u16), colours: u8, scans: usize) -> Vec<u8> {
    let mut file = begin(0xc2, (width, height), colours);
    // Fifteen codes of four bits, EOB0 to EOB14: end-of-band runs of 1 block or more, of 2 or more, of 4 or more, …
    let mut counts = [0; 16];
    counts[3] = 15;
    let symbols: Vec<u8> = (0..15).map(|power| power << 4).collect();
    file.extend(segment(0xc4, &[&[0x10][..], &counts, &symbols].concat()));
    file.extend(huffman_table(0x00));
    file.extend(scan_header(colours, 0));
    file.extend(zeros(blocks(width, height) * usize::from(colours)));
    let empty = empty(blocks(width, height));
    for colour in (1..=colours).cycle().take(scans) {
        file.extend(segment(0xda, &[1, colour, 0, 1, 63, 0]));
        file.extend(&empty);
    }
    file.extend(END);
    file
}

/// The data of a scan of `blocks` empty blocks.
fn empty(mut blocks: usize) -> Vec<u8> {
    let (mut bits, mut count, mut data) = (0_u64, 0, Vec::new());
    let mut push = |value: usize, length: u32| {
        bits = bits << length | value as u64;
        count += length;
        while count >= 8 {
            count -= 8;
            let byte = (bits >> count).to_le_bytes()[0];
            data.push(byte);
            if byte == 0xff {
                data.push(0);
            }
        }
    };
    while blocks > 0 {
        let power = blocks.ilog2().min(14);
        let run = blocks.min((2 << power) - 1);
        push(power as usize, 4);
        push(run - (1 << power), power);
        blocks -= run;
    }
    // The last byte is padded with ones.
    push(0x7f, 7);
    data
}

fn begin(frame: u8, (width, height): (u16, u16), colours: u8) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    file.extend(segment(0xdb, &[&[0][..], &[1; 64]].concat()));
    let [high, low] = height.to_be_bytes();
    let [left, right] = width.to_be_bytes();
    let mut data = vec![8, high, low, left, right, colours];
    data.extend((1..=colours).flat_map(|colour| [colour, 0x11, 0]));
    file.extend(segment(frame, &data));
    file
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap_or(u16::MAX);
    [&[0xff, marker][..], &length.to_be_bytes(), data].concat()
}

fn blocks(width: u16, height: u16) -> usize {
    usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crafted_files_can_be_decoded() {
        for file in [
            baseline((300, 200), 1),
            baseline((303, 201), 3),
            progressive((300, 200), 1, 3),
            progressive((2000, 1000), 3, 7),
        ] {
            let file = insert_after_header(&file, &[xmp(), exif(&[0; 60_000])]);
            let picture = image::load_from_memory(&file).unwrap();
            assert!(picture.width() >= 300);
        }
    }

    #[test]
    fn scans_of_empty_blocks_are_small() {
        assert!(progressive((4000, 3000), 1, 2000).len() < 100_000);
    }
}
