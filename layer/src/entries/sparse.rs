//! Sparse files: the archive has only the segments with data, and a map of their places. GNU tar has an old format with
//! headers of its own, and pax formats 0.0, 0.1 and 1.0. Source: the manual of GNU tar, "Storing Sparse Files".

use std::io::{self, Read};

use tar::{EntryType, GnuExtSparseHeader, GnuSparseHeader, Header};

use super::block_reader::{BLOCK_SIZE, BlockReader};
use super::extended_headers::ExtendedHeaders;

/// Limits the memory for a map.
const MAX_SEGMENTS: usize = 1_000_000;

/// The segments with data as offset and length in bytes, and the size of the file with its holes.
pub(super) struct Segments {
    segments: Vec<(u64, u64)>,
    real_size: u64,
}

impl Segments {
    pub(super) fn real_size(&self) -> u64 {
        self.real_size
    }

    /// Checks that segments are in order and inside the file, and that their lengths add up to `stored_size`.
    fn new(segments: Vec<(u64, u64)>, real_size: u64, stored_size: u64) -> io::Result<Self> {
        let (mut end, mut stored) = (0_u64, 0_u64);
        for (offset, length) in &segments {
            if *offset < end {
                return Err(invalid("its segments overlap"));
            }
            end = offset
                .checked_add(*length)
                .ok_or_else(|| invalid("a segment is too long"))?;
            stored += length;
        }
        if end > real_size || stored != stored_size {
            return Err(invalid("its segments do not fit its size"));
        }
        Ok(Self { segments, real_size })
    }
}

fn invalid(reason: &str) -> io::Error {
    io::Error::other(format!("a sparse file is invalid: {reason}"))
}

/// The map of a sparse file, whose content `archive` then has; none for other files.
pub(super) fn segments<R: Read>(
    header: &Header,
    extended: &ExtendedHeaders,
    stored_size: u64,
    archive: &mut BlockReader<R>,
) -> io::Result<Option<Segments>> {
    let pax = &extended.sparse;
    let (segments, real_size, map_size) = if header.entry_type() == EntryType::GNUSparse {
        let (segments, real_size) = old_gnu_segments(header, archive)?;
        archive.set_content(stored_size)?;
        (segments, real_size, 0)
    } else if pax.has_map_in_content {
        archive.set_content(stored_size)?;
        let (segments, map_size) = map_in_content(archive)?;
        (segments, pax.real_size.unwrap_or_default(), map_size)
    } else if let Some(real_size) = pax.real_size {
        archive.set_content(stored_size)?;
        (pax.segments.clone(), real_size, 0)
    } else {
        return Ok(None);
    };
    let data_size = stored_size - map_size;
    Segments::new(segments, real_size, data_size).map(Some)
}

/// The map in the header and in the blocks after it, and the size of the file.
fn old_gnu_segments<R: Read>(header: &Header, archive: &mut BlockReader<R>) -> io::Result<(Vec<(u64, u64)>, u64)> {
    let gnu = header.as_gnu().ok_or_else(|| invalid("its header is not GNU's"))?;
    let mut segments = Vec::new();
    add_segments(&mut segments, &gnu.sparse)?;
    let mut is_extended = gnu.is_extended();
    while is_extended {
        let block = archive.read_block()?;
        let mut more = GnuExtSparseHeader::new();
        more.as_mut_bytes()
            .copy_from_slice(&block.ok_or_else(|| invalid("its map is truncated"))?);
        add_segments(&mut segments, more.sparse())?;
        is_extended = more.is_extended();
    }
    Ok((segments, gnu.real_size()?))
}

fn add_segments(segments: &mut Vec<(u64, u64)>, headers: &[GnuSparseHeader]) -> io::Result<()> {
    for header in headers.iter().take_while(|header| !header.is_empty()) {
        segments.push((header.offset()?, header.length()?));
    }
    if segments.len() > MAX_SEGMENTS {
        return Err(invalid("it has too many segments"));
    }
    Ok(())
}

/// Format 1.0: decimal numbers in lines at the start of the content, padded to whole blocks. The first is the number of
/// segments. Also returns the size of the map in bytes.
fn map_in_content<R: Read>(archive: &mut BlockReader<R>) -> io::Result<(Vec<(u64, u64)>, u64)> {
    let mut map_size = 0;
    let mut block = Vec::new().into_iter();
    let mut number = || -> io::Result<u64> {
        let mut value: Option<u64> = None;
        loop {
            match block.next() {
                Some(digit @ b'0'..=b'9') => {
                    let longer = value.unwrap_or_default().checked_mul(10);
                    let longer = longer.and_then(|longer| longer.checked_add(u64::from(digit - b'0')));
                    value = Some(longer.ok_or_else(|| invalid("a number of its map is too large"))?);
                }
                Some(b'\n') => return value.ok_or_else(|| invalid("its map has an empty line")),
                Some(_) => return Err(invalid("its map has something other than numbers")),
                None => {
                    let mut next = vec![0; 512];
                    archive
                        .read_exact(&mut next)
                        .map_err(|_| invalid("its map is truncated"))?;
                    map_size += BLOCK_SIZE;
                    block = next.into_iter();
                }
            }
        }
    };
    let count = number()?;
    if count > MAX_SEGMENTS as u64 {
        return Err(invalid("it has too many segments"));
    }
    let segments = (0..count).map(|_| Ok((number()?, number()?)));
    let segments = segments.collect::<io::Result<_>>()?;
    Ok((segments, map_size))
}

/// Reads the file with zeros for its holes.
pub(super) struct SparseReader<R> {
    inner: R,
    segments: std::iter::Peekable<std::vec::IntoIter<(u64, u64)>>,
    position: u64,
    real_size: u64,
}

impl<R: Read> SparseReader<R> {
    pub(super) fn new(map: Segments, inner: R) -> Self {
        Self {
            inner,
            segments: map.segments.into_iter().peekable(),
            position: 0,
            real_size: map.real_size,
        }
    }
}

impl<R: Read> Read for SparseReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let is_past = |(offset, length): &(u64, u64), position| offset + length <= position;
        while self
            .segments
            .next_if(|segment| is_past(segment, self.position))
            .is_some()
        {}
        let (start, end) = match self.segments.peek() {
            Some((offset, length)) => (*offset, offset + length),
            None => (self.real_size, self.real_size),
        };
        let is_hole = self.position < start;
        let left = if is_hole { start } else { end } - self.position;
        let limit = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = if is_hole {
            buffer[..limit].fill(0);
            limit
        } else {
            self.inner.read(&mut buffer[..limit])?
        };
        self.position += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
