//! The blocks of a tar archive: headers with their checksums, and the content between them. Source: POSIX.1-2017, pax,
//! "ustar Interchange Format".

use std::io::{self, Read};

use tar::Header;

/// The size of a block in bytes.
pub(super) const BLOCK_SIZE: u64 = 512;

/// Reads one header after the other. As a [`Read`], it reads the content of the current entry.
pub(super) struct BlockReader<R> {
    inner: R,
    position: u64,
    /// The unread bytes of the current content.
    left: u64,
    /// The bytes after the content, up to the next header.
    padding: u64,
}

impl<R: Read> BlockReader<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            position: 0,
            left: 0,
            padding: 0,
        }
    }

    /// The position in the archive, in bytes.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Declares that the next `size` bytes are the content of the current entry.
    pub(super) fn set_content(&mut self, size: u64) -> io::Result<()> {
        let rounded = size.checked_next_multiple_of(BLOCK_SIZE);
        let end = rounded.and_then(|rounded| self.position.checked_add(rounded));
        let (Some(rounded), Some(_)) = (rounded, end) else {
            return Err(io::Error::other(format!("an entry of {size} bytes is impossible")));
        };
        (self.left, self.padding) = (size, rounded - size);
        Ok(())
    }

    /// The next header; none at the end of the archive. Skips the rest of the current content.
    pub(super) fn next_header(&mut self) -> io::Result<Option<Header>> {
        io::copy(self, &mut io::sink())?;
        // The padding of the last entry may be missing: Go's reader and GNU tar accept that.
        let padding = std::mem::take(&mut self.padding);
        self.position += io::copy(&mut self.inner.by_ref().take(padding), &mut io::sink())?;
        let Some(block) = self.read_block()? else {
            return Ok(None);
        };
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let header = Header::from_byte_slice(&block).clone();
        let declared = i64::from(header.cksum()?);
        let unsigned = checksum(&block, i64::from);
        // Some old writers summed signed bytes.
        let signed = checksum(&block, |byte| byte.cast_signed().into());
        if declared != unsigned && declared != signed {
            return Err(io::Error::other(
                "a header has a wrong checksum, so it is not a tar archive",
            ));
        }
        Ok(Some(header))
    }

    /// The next block; none at the end of the input.
    pub(super) fn read_block(&mut self) -> io::Result<Option<[u8; 512]>> {
        let mut bytes = Vec::new();
        self.inner.by_ref().take(BLOCK_SIZE).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let block = bytes.try_into().map_err(|_| truncated())?;
        self.position += BLOCK_SIZE;
        Ok(Some(block))
    }
}

impl<R: Read> Read for BlockReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let limit = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if limit == 0 {
            return Ok(0);
        }
        let count = self.inner.read(&mut buffer[..limit])?;
        if count == 0 {
            return Err(truncated());
        }
        self.left -= count as u64;
        self.position += count as u64;
        Ok(count)
    }
}

fn truncated() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it ends in the middle of an entry")
}

/// The sum of a header's bytes, with blanks for the checksum itself.
fn checksum(block: &[u8; 512], value: impl Fn(u8) -> i64) -> i64 {
    let own = 148..156;
    let bytes = block.iter().enumerate();
    let bytes = bytes.map(|(at, byte)| if own.contains(&at) { b' ' } else { *byte });
    bytes.map(value).sum()
}
