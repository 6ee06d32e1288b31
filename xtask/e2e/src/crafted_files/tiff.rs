//! EXIF metadata, which are TIFF files without pixels. Source: CIPA DC-008, 4.6; TIFF 6.0, section 2.

const ORIENTATION: u16 = 0x0112;
/// The type of a 16-bit number.
const SHORT: u16 = 3;
/// A private tag without a meaning.
const UNKNOWN: u16 = 0xfde8;
/// The offset of the first directory, after the header.
const FIRST: u32 = 8;

/// Metadata with an orientation, in big- or little-endian byte order.
pub fn orientation(value: u8, big: bool) -> Vec<u8> {
    directory(&[(ORIENTATION, value)], big, 0)
}

/// Metadata with `count` entries: the orientation is the last one, the others have no meaning.
pub fn with_entries(count: u16, value: u8) -> Vec<u8> {
    let mut entries = vec![(UNKNOWN, 1); usize::from(count.saturating_sub(1))];
    entries.push((ORIENTATION, value));
    directory(&entries, true, 0)
}

/// Metadata whose directory is its own next directory.
pub fn self_referencing(value: u8) -> Vec<u8> {
    directory(&[(ORIENTATION, value)], true, FIRST)
}

fn directory(entries: &[(u16, u8)], big: bool, next: u32) -> Vec<u8> {
    let short = |number: u16| {
        if big {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        }
    };
    let long = |number: u32| {
        if big {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        }
    };
    let mut note = if big { b"MM".to_vec() } else { b"II".to_vec() };
    note.extend(short(42));
    note.extend(long(FIRST));
    note.extend(short(entries.len().try_into().unwrap_or(u16::MAX)));
    for (tag, value) in entries {
        note.extend(short(*tag));
        note.extend(short(SHORT));
        note.extend(long(1));
        // A SHORT is in the first two of the four bytes for a value.
        note.extend(short((*value).into()));
        note.extend([0, 0]);
    }
    note.extend(long(next));
    note
}
