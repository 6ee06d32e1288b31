//! EXIF notes, which are TIFF files without pixels. Source: CIPA DC-008, 4.6; TIFF 6.0, section 2.

/// The tag of the orientation.
const ORIENTATION: u16 = 0x0112;
/// The type of a 16-bit number.
const SHORT: u16 = 3;
/// A tag that means nothing.
const UNKNOWN: u16 = 0xfde8;
/// Where the first directory is: behind the header.
const FIRST: u32 = 8;

/// A note with an orientation, with its numbers in the order of big or little machines.
pub fn orientation(value: u8, big: bool) -> Vec<u8> {
    directory(&[(ORIENTATION, value)], big, 0)
}

/// A note of so many entries that mean nothing, with the orientation as the last one.
pub fn with_entries(count: u16, value: u8) -> Vec<u8> {
    let mut entries = vec![(UNKNOWN, 1); usize::from(count.saturating_sub(1))];
    entries.push((ORIENTATION, value));
    directory(&entries, true, 0)
}

/// A note whose directory says that it is its own next one.
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
        // A short value is at the left of the four bytes for a value.
        note.extend(short((*value).into()));
        note.extend([0, 0]);
    }
    note.extend(long(next));
    note
}
