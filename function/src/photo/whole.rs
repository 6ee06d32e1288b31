//! Whether a file ends before its picture does. libjpeg fills what is missing with grey and goes on;
//! the faces of half a photo would pass for those of the whole.

use memchr::memchr;

use super::Format;

/// The first frame of a JPEG file, which is the one that libjpeg decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// How many colours each pixel has.
    pub colours: u8,
}

/// Whether a PNG or WebP file goes on to the end of its picture. What follows the end does not matter:
/// cameras write previews and depth maps there.
pub fn is_whole(format: Format, file: &[u8]) -> bool {
    match format {
        Format::Jpeg => jpeg(file).is_some(),
        Format::Png => png(file).is_some(),
        Format::Webp => webp(file).is_some(),
    }
}

/// The first frame of a JPEG file, if it has one; `None` if it ends before its picture. A reader that takes
/// another path through the markers than libjpeg could be told another size.
pub fn jpeg(file: &[u8]) -> Option<Option<Frame>> {
    let mut first = None;
    markers(file, |marker, segment| {
        // The frames' markers; the three between them are tables and an extension.
        let frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        if let ([_, high, low, left, right, rest @ ..], true, None) = (segment, frame, first) {
            let side = |high: u8, low: u8| u32::from(u16::from_be_bytes([high, low]));
            first = Some(Frame {
                width: side(*left, *right),
                height: side(*high, *low),
                colours: rest.first().copied().unwrap_or(0),
            });
        }
    })?;
    Some(first)
}

/// Whether it is a WebP file whose extended header has the animation bit. Source: WebP Container
/// Specification, "Extended File Format".
pub fn is_animated(file: &[u8]) -> bool {
    const ANIMATION: u8 = 0x02;
    file.get(12..16) == Some(b"VP8X") && file.get(20).is_some_and(|flags| flags & ANIMATION != 0)
}

/// Goes from marker to marker to the end of the image. The data of a scan has no length; in it 0xff
/// is followed by 0x00 or a restart, so that the search for the next marker goes through it.
/// `see` is shown every segment's marker and content. Source: ITU-T T.81, annex B.
fn markers(file: &[u8], mut see: impl FnMut(u8, &[u8])) -> Option<()> {
    const END: u8 = 0xd9;
    let mut at = 2;
    loop {
        at += memchr(0xff, file.get(at..)?)?;
        // Any number of 0xff may come before a marker.
        at += file.get(at..)?.iter().position(|byte| *byte != 0xff)?;
        let marker = *file.get(at)?;
        at += 1;
        match marker {
            END => return Some(()),
            // Stuffed into a scan, or without a length: TEM, the restarts, the start.
            0x00 | 0x01 | 0xd0..=0xd8 => {}
            _ => {
                let length = u16::from_be_bytes([*file.get(at)?, *file.get(at + 1)?]);
                let end = at + usize::from(length.max(2));
                see(marker, file.get(at + 2..end)?);
                at = end;
            }
        }
    }
}

/// Goes from chunk to chunk. Source: W3C PNG specification, 5.3.
fn png(file: &[u8]) -> Option<()> {
    let mut at = 8;
    loop {
        let length = u32::from_be_bytes(file.get(at..at + 4)?.try_into().ok()?);
        let kind = file.get(at + 4..at + 8)?;
        at = at
            .checked_add(usize::try_from(length).ok()?)?
            .checked_add(12)?;
        if at > file.len() {
            return None;
        }
        if kind == b"IEND" {
            return Some(());
        }
    }
}

/// Compares the size in the header with the file's.
fn webp(file: &[u8]) -> Option<()> {
    let size = u32::from_le_bytes(file.get(4..8)?.try_into().ok()?);
    (file.len() >= 8 + usize::try_from(size).ok()?).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Start, an application's segment that holds a whole picture of its own, as cameras put
    /// previews there, and two scans with stuffed bytes, fill bytes and a restart.
    const JPEG: &[u8] = b"\xff\xd8\xff\xe1\0\x06\xff\xd8\xff\xd9\
        \xff\xda\0\x04ab\x11\xff\0\x22\xff\xd0\x33\xff\xff\xda\0\x02\x44\xff\xd9";

    #[test]
    fn a_jpeg_file_ends_with_its_marker_and_not_with_a_previews() {
        assert!(is_whole(Format::Jpeg, JPEG));
        assert!(is_whole(Format::Jpeg, &[JPEG, b"a depth map"].concat()));
        for length in 2..JPEG.len() {
            assert!(!is_whole(Format::Jpeg, &JPEG[..length]), "{length}");
        }
    }

    #[test]
    fn the_size_is_that_of_the_first_frame() {
        // A marker without a length, a fill byte, and a frame in a comment, which is none.
        let file = b"\xff\xd8\xff\x01\xff\xfe\0\x0b\xff\xc0\0\x08\x08\0\x01\0\x01\
            \xff\xff\xc2\0\x08\x08\x01\x00\x02\x00\x03\xff\xd9";
        let frame = Frame {
            width: 512,
            height: 256,
            colours: 3,
        };
        assert_eq!(jpeg(file), Some(Some(frame)));
        assert_eq!(jpeg(JPEG), Some(None));
        assert_eq!(jpeg(&file[..file.len() - 1]), None);
    }

    #[test]
    fn a_png_file_ends_with_its_last_chunk() {
        let file = b"\x89PNG\r\n\x1a\n\0\0\0\x01IDATxcrc_\0\0\0\0IENDcrc_";
        assert!(is_whole(Format::Png, file));
        for length in 0..file.len() {
            assert!(!is_whole(Format::Png, &file[..length]), "{length}");
        }
        assert!(!is_whole(
            Format::Png,
            b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIDATx"
        ));
    }

    #[test]
    fn a_webp_file_is_as_long_as_it_says() {
        let file = b"RIFF\x0c\0\0\0WEBPVP8 \0\0\0\0";
        assert!(is_whole(Format::Webp, file));
        assert!(!is_whole(Format::Webp, &file[..file.len() - 1]));
        assert!(is_animated(b"RIFF\x12\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0"));
        assert!(!is_animated(b"RIFF\x12\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0"));
    }
}
