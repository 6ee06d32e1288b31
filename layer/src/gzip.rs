//! Parallel gzip whose output does not depend on the number of cores. The input is split into blocks of a fixed size.
//! Each is compressed independently, with the end of the previous block as its dictionary, and the results are
//! concatenated into one deflate stream: each block but the last ends at a byte boundary with an empty stored block
//! ("sync flush"), as RFC 1951 and RFC 1952 allow. Memory is limited to a few blocks per core.

use std::io::{self, Write};
use std::thread;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// The output depends on it.
const BLOCK_SIZE: usize = 512 * 1024;
/// The compression level. With 7 the function's image takes two thirds of the time and is 3 % larger.
const LEVEL: u32 = 9;
/// The largest distance of deflate's references.
const WINDOW_SIZE: usize = 32 * 1024;
/// More workers would only wait for the hash of the output.
const MAX_WORKERS: usize = 8;

/// RFC 1952, section 2.3: deflate, no flags, no time, best compression, unknown system. Host and time are left out for
/// reproducible output.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];

pub(crate) struct Gzip<W: Write> {
    inner: W,
    /// The window of the next block, followed by the input that is not compressed yet.
    pending: Vec<u8>,
    /// The length of the window in `pending`.
    window: usize,
    checksum: Crc,
    /// The bytes of input that are compressed together.
    batch_size: usize,
}

impl<W: Write> Gzip<W> {
    pub(crate) fn new(inner: W) -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self::with_workers(inner, cores.min(MAX_WORKERS))
    }

    fn with_workers(mut inner: W, workers: usize) -> io::Result<Self> {
        inner.write_all(&GZIP_HEADER)?;
        Ok(Self {
            inner,
            pending: Vec::new(),
            window: 0,
            checksum: Crc::new(),
            batch_size: 2 * workers * BLOCK_SIZE,
        })
    }

    /// Compresses the pending input, with one thread per block.
    fn compress(&mut self, last: bool) -> io::Result<()> {
        let (pending, window) = (&self.pending, self.window);
        let ends = |start: &usize| (start + BLOCK_SIZE).min(pending.len());
        let mut starts: Vec<_> = (window..pending.len()).step_by(BLOCK_SIZE).collect();
        if starts.is_empty() {
            starts.push(window);
        }
        let blocks = thread::scope(|scope| {
            let compress = |start: &usize| {
                let (start, end) = (*start, ends(start));
                let dictionary = &pending[start.saturating_sub(WINDOW_SIZE)..start];
                let last = last && end == pending.len();
                let work = move || deflate(&pending[start..end], dictionary, last);
                thread::Builder::new().name("gzip".into()).spawn_scoped(scope, work)
            };
            let threads: Vec<_> = starts.iter().map(compress).collect::<io::Result<_>>()?;
            let stopped = |_| io::Error::other("a compressing thread stopped");
            let ended = threads.into_iter().map(|thread| thread.join().map_err(stopped)?);
            ended.collect::<io::Result<Vec<_>>>()
        })?;
        for block in blocks {
            self.inner.write_all(&block)?;
        }
        self.window = self.pending.len().min(WINDOW_SIZE);
        self.pending.drain(..self.pending.len() - self.window);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.compress(true)?;
        self.inner.write_all(&self.checksum.sum().to_le_bytes())?;
        // The trailer has the length modulo 2^32.
        self.inner.write_all(&self.checksum.amount().to_le_bytes())?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let available = self.window + self.batch_size - self.pending.len();
        if available == 0 {
            self.compress(false)?;
            return self.write(buffer);
        }
        let count = buffer.len().min(available);
        self.pending.extend_from_slice(&buffer[..count]);
        self.checksum.update(&buffer[..count]);
        Ok(count)
    }

    /// Does nothing, because the output must not depend on the caller's flushes.
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
        // Spare capacity means that the output is complete, including the flush.
        let available = output.capacity() > output.len();
        if status == Status::StreamEnd || (!last && available) {
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

    /// Bytes of which five in seven are compressible.
    fn sample(length: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..length)
            .map(|at| {
                if at % 7 < 5 {
                    (at / 100).to_le_bytes()[0]
                } else {
                    noise()
                }
            })
            .collect()
    }

    fn compress(bytes: &[u8], workers: usize, chunk_size: usize) -> Vec<u8> {
        let mut gzip = Gzip::with_workers(Vec::new(), workers).unwrap();
        for chunk in bytes.chunks(chunk_size) {
            gzip.write_all(chunk).unwrap();
        }
        gzip.finish().unwrap()
    }

    #[test]
    fn output_is_one_gzip_member_that_round_trips() {
        for length in [
            0,
            1,
            BLOCK_SIZE - 1,
            BLOCK_SIZE,
            BLOCK_SIZE + 1,
            5 * BLOCK_SIZE + 12_345,
        ] {
            let bytes = sample(length);
            let compressed = compress(&bytes, 3, 100_000);
            let mut decompressed = Vec::new();
            // Stops at the end of the first member.
            GzDecoder::new(compressed.as_slice())
                .read_to_end(&mut decompressed)
                .unwrap();
            assert!(decompressed == bytes, "{length} bytes");
        }
    }

    #[test]
    fn output_is_independent_of_workers_and_write_sizes() {
        let bytes = sample(3 * BLOCK_SIZE + 7);
        let one = compress(&bytes, 1, bytes.len());
        assert!(one == compress(&bytes, 7, 4_096));
    }

    #[test]
    fn block_overhead_is_at_most_half_a_percent() {
        let bytes = sample(4 * BLOCK_SIZE);
        let ours = compress(&bytes, 2, bytes.len()).len();
        let mut single = flate2::write::GzEncoder::new(Vec::new(), Compression::new(LEVEL));
        single.write_all(&bytes).unwrap();
        let single = single.finish().unwrap().len();
        assert!(ours * 1000 <= single * 1005, "{ours} instead of {single}");
    }

    #[test]
    fn write_error_is_returned() {
        struct FullWriter;
        impl Write for FullWriter {
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
        let mut gzip = Gzip::with_workers(FullWriter, 2).unwrap();
        let written = gzip.write_all(&sample(9 * BLOCK_SIZE));
        assert_eq!(written.unwrap_err().to_string(), "full");
    }
}
