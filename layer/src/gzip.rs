//! gzip on all cores, with the same bytes whatever their number. The input is cut into blocks of
//! one size, each is compressed by itself with the block before as its dictionary, and what comes
//! of it is strung together into one deflate stream: each block but the last ends at a byte with
//! an empty stored block ("sync flush"), as RFC 1951 and RFC 1952 allow. Holds a few blocks for
//! each core and nothing else.

use std::io::{self, Write};
use std::thread;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// The size of a block; part of what the bytes depend on.
const BLOCK: usize = 512 * 1024;
/// How hard deflate tries. With 7 the function's image takes two thirds of the time and is 3 % larger.
const LEVEL: u32 = 9;
/// How far back deflate can refer.
const WINDOW: usize = 32 * 1024;
/// More cores than this wait for the hash of what they wrote.
const MOST_WORKERS: usize = 8;

/// RFC 1952, section 2.3: deflate, no flags, no time, best compression, unknown system. What
/// machine this ran on and when must not be in the bytes.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];

pub(crate) struct Gzip<W: Write> {
    inner: W,
    /// What is not compressed yet, behind what the next block can refer to.
    pending: Vec<u8>,
    /// How much of that is there for reference only.
    window: usize,
    checksum: Crc,
    /// How many bytes are compressed at once.
    most: usize,
}

impl<W: Write> Gzip<W> {
    /// Starts a stream into `inner`, compressed two blocks for each core at a time.
    pub(crate) fn new(inner: W) -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self::with_workers(inner, cores.min(MOST_WORKERS))
    }

    fn with_workers(mut inner: W, workers: usize) -> io::Result<Self> {
        inner.write_all(&HEADER)?;
        Ok(Self {
            inner,
            pending: Vec::new(),
            window: 0,
            checksum: Crc::new(),
            most: 2 * workers * BLOCK,
        })
    }

    /// Compresses what is pending, a block on each thread.
    fn compress(&mut self, last: bool) -> io::Result<()> {
        let (pending, window) = (&self.pending, self.window);
        let ends = |start: &usize| (start + BLOCK).min(pending.len());
        let mut starts: Vec<_> = (window..pending.len()).step_by(BLOCK).collect();
        if starts.is_empty() {
            starts.push(window);
        }
        let blocks = thread::scope(|scope| {
            let compress = |start: &usize| {
                let (start, end) = (*start, ends(start));
                let dictionary = &pending[start.saturating_sub(WINDOW)..start];
                let last = last && end == pending.len();
                let work = move || deflate(&pending[start..end], dictionary, last);
                thread::Builder::new()
                    .name("gzip".into())
                    .spawn_scoped(scope, work)
            };
            let threads: Vec<_> = starts.iter().map(compress).collect::<io::Result<_>>()?;
            let stopped = |_| io::Error::other("a compressing thread stopped");
            let ended = threads
                .into_iter()
                .map(|thread| thread.join().map_err(stopped)?);
            ended.collect::<io::Result<Vec<_>>>()
        })?;
        for block in blocks {
            self.inner.write_all(&block)?;
        }
        self.window = self.pending.len().min(WINDOW);
        self.pending.drain(..self.pending.len() - self.window);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.compress(true)?;
        self.inner.write_all(&self.checksum.sum().to_le_bytes())?;
        // The length modulo 2^32, as the trailer has it.
        self.inner
            .write_all(&self.checksum.amount().to_le_bytes())?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let room = self.window + self.most - self.pending.len();
        if room == 0 {
            self.compress(false)?;
            return self.write(buffer);
        }
        let count = buffer.len().min(room);
        self.pending.extend_from_slice(&buffer[..count]);
        self.checksum.update(&buffer[..count]);
        Ok(count)
    }

    /// What is not whole blocks stays: the bytes must not depend on when somebody flushes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn deflate(block: &[u8], dictionary: &[u8], last: bool) -> io::Result<Vec<u8>> {
    let mut compress = Compress::new(Compression::new(LEVEL), false);
    if !dictionary.is_empty() {
        compress.set_dictionary(dictionary)?;
    }
    let flush = if last {
        FlushCompress::Finish
    } else {
        FlushCompress::Sync
    };
    let mut output = Vec::with_capacity(block.len() / 2 + 1024);
    loop {
        let read = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        let status = compress.compress_vec(&block[read.min(block.len())..], &mut output, flush)?;
        // Room that is left means that all of it is out, the flush included.
        let room = output.capacity() > output.len();
        if status == Status::StreamEnd || (!last && room) {
            return Ok(output);
        }
        output.reserve(block.len() / 4 + 1024);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    /// Bytes that compress, with some that do not.
    fn sample(length: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..length)
            .map(|at| {
                if at % 7 < 5 {
                    (at / 100) as u8
                } else {
                    noise()
                }
            })
            .collect()
    }

    fn packed(bytes: &[u8], workers: usize, piece: usize) -> Vec<u8> {
        let mut gzip = Gzip::with_workers(Vec::new(), workers).unwrap();
        for piece in bytes.chunks(piece) {
            gzip.write_all(piece).unwrap();
        }
        gzip.finish().unwrap()
    }

    #[test]
    fn what_is_packed_is_one_member_that_unpacks_to_the_same() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 12_345] {
            let bytes = sample(length);
            let packed = packed(&bytes, 3, 100_000);
            let mut unpacked = Vec::new();
            // Stops at the end of the first member.
            GzDecoder::new(packed.as_slice())
                .read_to_end(&mut unpacked)
                .unwrap();
            assert!(unpacked == bytes, "{length} bytes");
        }
    }

    #[test]
    fn neither_cores_nor_pieces_change_the_bytes() {
        let bytes = sample(3 * BLOCK + 7);
        let one = packed(&bytes, 1, bytes.len());
        assert!(one == packed(&bytes, 7, 4_096));
    }

    #[test]
    fn blocks_that_follow_each_other_are_not_much_larger_than_one_stream() {
        let bytes = sample(4 * BLOCK);
        let ours = packed(&bytes, 2, bytes.len()).len();
        let mut whole = flate2::write::GzEncoder::new(Vec::new(), Compression::new(LEVEL));
        whole.write_all(&bytes).unwrap();
        let whole = whole.finish().unwrap().len();
        assert!(ours * 1000 <= whole * 1005, "{ours} instead of {whole}");
    }

    #[test]
    fn a_writer_that_fails_ends_the_stream() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
                if buffer.len() < 100 {
                    return Ok(buffer.len());
                }
                Err(io::Error::other("full"))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut gzip = Gzip::with_workers(Full, 2).unwrap();
        let written = gzip.write_all(&sample(9 * BLOCK));
        assert_eq!(written.unwrap_err().to_string(), "full");
    }
}
