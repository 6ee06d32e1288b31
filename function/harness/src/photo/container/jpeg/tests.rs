//! Files of markers with dummy scan data.

use super::*;
use crate::photo::orientation::Orientation;
use crate::testing::exif_block;

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap();
    [&[0xff, marker], &length.to_be_bytes()[..], content].concat()
}

/// A frame with three components, the first of which has twice the resolution in both directions.
fn frame(marker: u8, width: u16, height: u16) -> Vec<u8> {
    let sides = [height.to_be_bytes(), width.to_be_bytes()].concat();
    let components = [3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0];
    segment(marker, &[&[8], &sides[..], &components].concat())
}

/// A scan of `components` with dummy data.
fn scan(components: &[u8], first: u8, last: u8, bits: u8) -> Vec<u8> {
    let mut content = vec![u8::try_from(components.len()).unwrap()];
    content.extend(components.iter().flat_map(|name| [*name, 0]));
    content.extend([first, last, bits]);
    [&segment(SOS, &content), &b"\x11\xff\0\x22\xff\xd0\x33"[..]].concat()
}

fn file(parts: &[Vec<u8>]) -> Vec<u8> {
    [b"\xff\xd8", &parts.concat()[..]].concat()
}

fn end() -> Vec<u8> {
    b"\xff\xd9".to_vec()
}

fn result_name(file: &[u8]) -> &'static str {
    read(file).map_or_else(|refusal| refusal.name(), |_| "a photo")
}

/// A complete preview in an application segment, as cameras embed it.
fn preview() -> Vec<u8> {
    let preview = file(&[frame(0xc0, 16, 16), scan(&[1, 2, 3], 0, 63, 0), end()]);
    segment(0xe2, &preview)
}

#[test]
fn the_size_is_that_of_the_first_frame() {
    let parts = [
        // A marker without a length, a comment that contains a frame's bytes, and fill bytes.
        b"\xff\x01".to_vec(),
        segment(0xfe, b"\xff\xc0\0\x08\x08\0\x01\0\x01"),
        preview(),
        b"\xff\xff".to_vec(),
        frame(0xc2, 512, 256),
        frame(0xc0, 7, 7),
        scan(&[1, 2, 3], 0, 0, 0),
        end(),
    ];
    let found = read(&file(&parts)).unwrap().header;
    assert_eq!((found.width, found.height, found.grey), (512, 256, false));
    let blocks = 64 * 32 + 2 * 32 * 16;
    assert_eq!(found.decoder_bytes, 128 * blocks + 512 * BYTES_PER_COLUMN + FIXED_BYTES);
}

#[test]
fn truncation_of_a_single_scan_is_left_to_the_decoder() {
    let complete_file = file(&[preview(), frame(0xc0, 64, 64), scan(&[1, 2, 3], 0, 63, 0)]);
    let found = read(&complete_file).unwrap();
    let without_coefficients = 64 * BYTES_PER_COLUMN + FIXED_BYTES;
    assert_eq!(
        (found.image_length, found.header.decoder_bytes),
        (complete_file.len(), without_coefficients)
    );
    let last = scan(&[1, 2, 3], 0, 63, 0).len();
    for length in 2..complete_file.len() - last {
        assert_eq!(result_name(&complete_file[..length]), "PhotoTruncated", "{length}");
    }
}

#[test]
fn several_scans_are_complete_with_eoi_or_all_coefficients() {
    let sequential = [1, 2, 3].map(|component| scan(&[component], 0, 63, 0));
    let progressive = [
        scan(&[1, 2, 3], 0, 0, 1),
        scan(&[1], 1, 63, 0),
        scan(&[2], 1, 5, 0),
        scan(&[2], 6, 63, 2),
        scan(&[2], 6, 63, 0x21),
        scan(&[2], 6, 63, 0x10),
        scan(&[3], 1, 63, 0),
        scan(&[1, 2, 3], 0, 0, 0x10),
    ];
    for (marker, scans) in [(0xc1, &sequential[..]), (0xc2, &progressive)] {
        let mut file = file(&[frame(marker, 64, 64)]);
        for scan in scans {
            let ended = [&file[..], &end()].concat();
            assert_eq!(read(&ended).unwrap().image_length, ended.len());
            assert_eq!(result_name(&file), "PhotoTruncated");
            file.extend(scan);
        }
        for trailer in [
            &b""[..],
            b"a vendor's\xff\xe1\xff",
            b"\xff\xda\0\x04",
            b"\xff\xfe\xff\xff",
        ] {
            let found = read(&[&file[..], trailer].concat());
            // After the last scan only the next marker is searched for.
            assert!((file.len()..=file.len() + 11).contains(&found.unwrap().image_length));
        }
        // Arithmetic coding omits the end of its data.
        file[3] += 8;
        assert_eq!(result_name(&file), "PhotoTruncated");
        file.extend(end());
        assert_eq!(result_name(&file), "a photo");
    }
}

#[test]
fn too_many_scans_are_refused() {
    let scans = |count: usize, width, height| {
        let mut parts = vec![frame(0xc2, width, height)];
        parts.extend(vec![scan(&[1], 1, 63, 0); count]);
        parts.push(end());
        result_name(&file(&parts))
    };
    assert_eq!(scans(1000, 640, 480), "a photo");
    assert_eq!(scans(2000, 4000, 3000), "TooMuchWork");
    assert_eq!(scans(1000, 4592, 3056), "TooMuchWork");
    assert_eq!(scans(100_000, 8, 8), "TooMuchWork");
    // A hundred million pixels and more, in twice as many scans as tools write.
    assert_eq!(scans(20, 12_000, 8_334), "a photo");
    assert_eq!(scans(20, 65_500, 65_500), "a photo");
    assert_eq!(scans(40, 65_500, 65_500), "TooMuchWork");
}

#[test]
fn unsupported_variants_are_named() {
    let of = |frame: Vec<u8>| {
        let file = file(&[frame, scan(&[1, 2, 3], 0, 63, 0), end()]);
        read(&file).map_or_else(|refusal| refusal.to_string(), |_| "a photo".to_owned())
    };
    let mut twelve = frame(0xc1, 64, 64);
    twelve[4] = 12;
    assert!(of(twelve).contains("12 bits"));
    for (marker, what) in [
        (0xc3, "lossless"),
        (0xcb, "lossless"),
        (0xc5, "hierarchical"),
        (0xcf, "hierarchical"),
        (0xde, "hierarchical"),
        (0xf7, "JPEG-LS"),
    ] {
        let message = of(frame(marker, 64, 64));
        assert!(message.contains(what), "{marker:x}: {message}");
    }
    for marker in [0xc0, 0xc1, 0xc2, 0xc9, 0xca] {
        assert_eq!(of(frame(marker, 64, 64)), "a photo");
    }
}

#[test]
fn contradictory_markers_are_damaged() {
    let mut no_factor = frame(0xc0, 64, 64);
    no_factor[11] = 0x20;
    for parts in [
        vec![end()],
        vec![scan(&[1], 0, 63, 0), frame(0xc0, 64, 64), end()],
        vec![no_factor, end()],
        vec![segment(0xc0, &[8, 0, 64, 0, 64, 3, 1, 0x11, 0]), end()],
        vec![segment(0xc0, &[8]), end()],
        vec![frame(0xc0, 64, 64), segment(SOS, &[3, 1]), end()],
        vec![frame(0xc0, 64, 64), segment(SOS, &[]), end()],
    ] {
        assert_eq!(result_name(&file(&parts)), "PhotoDamaged", "{parts:x?}");
    }
}

#[test]
fn the_orientation_is_read_from_any_exif_segment() {
    let turned = |parts: Vec<Vec<u8>>| {
        let rest = [frame(0xc0, 64, 64), scan(&[1, 2, 3], 0, 63, 0), end()];
        read(&file(&[parts, rest.to_vec()].concat()))
            .unwrap()
            .header
            .orientation
    };
    let exif = |number| segment(APP1, &[b"Exif\0\0", &exif_block(number)[..]].concat());
    let xmp = segment(APP1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>");
    let empty = segment(APP1, b"Exif\0\0");
    let short = segment(APP1, b"Exif\0");
    assert_eq!(turned(vec![]), Orientation::Upright);
    assert_eq!(turned(vec![exif(6)]), Orientation::TurnedLeft);
    assert_eq!(turned(vec![xmp.clone(), exif(6)]), Orientation::TurnedLeft);
    assert_eq!(
        turned(vec![empty, short, xmp, preview(), exif(3), exif(6)]),
        Orientation::UpsideDown
    );
    // Other APP1 segments are not read as EXIF.
    let other = segment(APP1, &[b"Other\0", &exif_block(6)[..]].concat());
    assert_eq!(turned(vec![other]), Orientation::Upright);
}
