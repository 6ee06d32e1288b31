//! Walks through the files' containers: what a file says of its picture, and where that lies in it, before any
//! decoder sees a byte. What changes neither pixels nor orientation is stepped over unread.

pub mod jpeg;
pub mod png;
pub mod webp;

/// The number at `at`, most significant byte first.
fn big_endian_32(file: &[u8], at: usize) -> Option<u32> {
    let bytes = file.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

/// The number at `at`, least significant byte first.
fn little_endian_32(file: &[u8], at: usize) -> Option<u32> {
    let bytes = file.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}
