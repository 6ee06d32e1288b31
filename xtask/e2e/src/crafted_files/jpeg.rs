//! JPEG files: segments added to good ones, frames of other kinds, and blank pictures of any size
//! with any number of scans. Source: ITU-T T.81, annexes B, F and G.

/// The end of a file.
const END: [u8; 2] = [0xff, 0xd9];

/// A file with segments after its start.
pub fn insert_after_header(file: &[u8], segments: &[Vec<u8>]) -> Vec<u8> {
    [&file[..2], &segments.concat(), &file[2..]].concat()
}

/// An application's segment, as `1` for EXIF and XMP.
pub fn app_segment(number: u8, data: &[u8]) -> Vec<u8> {
    segment(0xe0 + number, data)
}

/// The segment of an EXIF note.
pub fn exif(note: &[u8]) -> Vec<u8> {
    app_segment(1, &[b"Exif\0\0", note].concat())
}

/// The segment of an XMP document, which has the number of EXIF's.
pub fn xmp() -> Vec<u8> {
    let name = b"http://ns.adobe.com/xap/1.0/\0";
    let document = b"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\
        \"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"/></x:xmpmeta>";
    app_segment(1, &[&name[..], document].concat())
}

/// A file without its end marker, and with something else there.
pub fn replace_end_marker(file: &[u8], end: &[u8]) -> Vec<u8> {
    let picture = file.strip_suffix(&END).unwrap_or(file);
    [picture, end].concat()
}

/// A file whose frame says that it is of another kind, with so many bits a sample.
pub fn replace_frame_header(file: &[u8], marker: u8, bits: u8) -> Vec<u8> {
    let mut file = file.to_vec();
    let frame = file.windows(2).position(|two| two == [0xff, 0xc0]);
    if let Some(frame) = frame {
        file[frame + 1] = marker;
        file[frame + 4] = bits;
    }
    file
}

/// A grey or coloured blank picture, all of it in one scan.
pub fn baseline((width, height): (u16, u16), colours: u8) -> Vec<u8> {
    let mut file = begin(0xc0, (width, height), colours);
    // For each block, that it does not differ from the one before, and its end.
    file.extend(huffman_table(0x00));
    file.extend(huffman_table(0x10));
    file.extend(scan_header(colours, 63));
    file.extend(zeros(2 * blocks(width, height) * usize::from(colours)));
    file.extend(END);
    file
}

/// A table of one code, which is a zero.
fn huffman_table(table: u8) -> Vec<u8> {
    segment(0xc4, &[&[table, 1][..], &[0; 15], &[0]].concat())
}

/// The head of a scan of all colours, to that coefficient.
fn scan_header(colours: u8, last: u8) -> Vec<u8> {
    let mut scan = vec![colours];
    scan.extend((1..=colours).flat_map(|colour| [colour, 0]));
    scan.extend([0, last, 0]);
    segment(0xda, &scan)
}

/// So many bits that are zeros; the last byte is filled with ones.
fn zeros(bits: usize) -> Vec<u8> {
    let mut data = vec![0; bits / 8];
    if !bits.is_multiple_of(8) {
        data.push(0xff >> (bits % 8));
    }
    data
}

/// A blank picture in one scan of all colours and `scans` more, which take turns among them. Each of
/// these goes through all blocks and says in a few bytes that they are empty.
pub fn progressive((width, height): (u16, u16), colours: u8, scans: usize) -> Vec<u8> {
    let mut file = begin(0xc2, (width, height), colours);
    // Fifteen codes of four bits: the end of 1 block or more, of 2 or more, of 4 or more, and so on.
    let mut counts = [0; 16];
    counts[3] = 15;
    let symbols: Vec<u8> = (0..15).map(|power| power << 4).collect();
    file.extend(segment(0xc4, &[&[0x10][..], &counts, &symbols].concat()));
    file.extend(huffman_table(0x00));
    file.extend(scan_header(colours, 0));
    file.extend(zeros(blocks(width, height) * usize::from(colours)));
    let empty = empty(blocks(width, height));
    for scan in 0..scans {
        let colour = (scan % usize::from(colours)) as u8 + 1;
        file.extend(segment(0xda, &[1, colour, 0, 1, 63, 0]));
        file.extend(&empty);
    }
    file.extend(END);
    file
}

/// The data of a scan in which so many blocks are empty.
fn empty(mut blocks: usize) -> Vec<u8> {
    let (mut bits, mut count, mut data) = (0_u64, 0, Vec::new());
    let mut push = |value: usize, length: u32| {
        bits = bits << length | value as u64;
        count += length;
        while count >= 8 {
            count -= 8;
            let byte = (bits >> count) as u8;
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
    // The last byte is filled with ones.
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
