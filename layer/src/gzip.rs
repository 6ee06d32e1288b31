//! gzip on all cores, with the same bytes whatever their number. The input is cut into blocks of
//! one size, each is compressed by itself with the block before as its dictionary, and what comes
//! of it is strung together into one deflate stream: each block but the last ends at a byte with
//! an empty stored block ("sync flush"), as RFC 1951 and RFC 1952 allow. Holds a few blocks for
//! each core and nothing else.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

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

/// A writer that compresses into another.
pub(crate) struct Gzip<W: Write> {
    inner: W,
    block: Vec<u8>,
    dictionary: Arc<[u8]>,
    checksum: Crc,
    workers: Workers,
    /// What is being compressed, in order.
    pending: VecDeque<Receiver<io::Result<Vec<u8>>>>,
}

struct Job {
    block: Vec<u8>,
    dictionary: Arc<[u8]>,
    last: bool,
    done: Sender<io::Result<Vec<u8>>>,
}

struct Workers {
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl<W: Write> Gzip<W> {
    /// Starts a stream into `inner`, with a thread for each core.
    pub(crate) fn new(inner: W) -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self::with_workers(inner, cores.min(MOST_WORKERS))
    }

    fn with_workers(mut inner: W, workers: usize) -> io::Result<Self> {
        inner.write_all(&HEADER)?;
        Ok(Self {
            inner,
            block: Vec::with_capacity(BLOCK),
            dictionary: Arc::from([]),
            checksum: Crc::new(),
            workers: Workers::start(workers)?,
            pending: VecDeque::new(),
        })
    }

    /// Hands the block to the workers; waits for the oldest one where there are many.
    fn hand_over(&mut self, last: bool) -> io::Result<()> {
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
        let window = &block[block.len().saturating_sub(WINDOW)..];
        let next = Arc::from(window);
        let (done, result) = channel();
        let dictionary = std::mem::replace(&mut self.dictionary, next);
        self.workers.take(Job {
            block,
            dictionary,
            last,
            done,
        })?;
        self.pending.push_back(result);
        while self.pending.len() > 2 * self.workers.threads.len() {
            self.write_oldest()?;
        }
        Ok(())
    }

    fn write_oldest(&mut self) -> io::Result<()> {
        let Some(oldest) = self.pending.pop_front() else {
            return Ok(());
        };
        let stopped = |_| io::Error::other("a compressing thread stopped");
        self.inner.write_all(&oldest.recv().map_err(stopped)??)
    }

    /// Ends the stream; returns the writer inside.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.hand_over(true)?;
        while !self.pending.is_empty() {
            self.write_oldest()?;
        }
        self.inner.write_all(&self.checksum.sum().to_le_bytes())?;
        // The length modulo 2^32, as the trailer has it.
        self.inner
            .write_all(&self.checksum.amount().to_le_bytes())?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if self.block.len() == BLOCK {
            self.hand_over(false)?;
        }
        let count = buffer.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&buffer[..count]);
        self.checksum.update(&buffer[..count]);
        Ok(count)
    }

    /// What is not a whole block stays: the bytes must not depend on when somebody flushes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Workers {
    fn start(count: usize) -> io::Result<Self> {
        let (jobs, queue) = sync_channel::<Job>(count);
        let queue = Arc::new(Mutex::new(queue));
        let mut threads = Vec::new();
        for _ in 0..count {
            let queue = Arc::clone(&queue);
            let work = move || {
                let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                while let Ok(job) = next() {
                    let result = deflate(&job.block, &job.dictionary, job.last);
                    // Nobody waits for it when the writer was given up.
                    let _ = job.done.send(result);
                }
            };
            threads.push(thread::Builder::new().name("gzip".into()).spawn(work)?);
        }
        Ok(Self {
            jobs: Some(jobs),
            threads,
        })
    }

    fn take(&self, job: Job) -> io::Result<()> {
        let stopped = || io::Error::other("all compressing threads stopped");
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(job).map_err(|_| stopped())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // One that panicked has failed its job's receiver already.
            let _ = thread.join();
        }
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
