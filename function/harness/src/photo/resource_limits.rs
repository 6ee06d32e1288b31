//! Limits that stop the decoding of a photo that takes too long or too much memory.

use std::cell::Cell;
use std::fs;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::time::Instant;

use super::{PhotoError, Refusal};

/// The memory that must remain free while a photo is decoded, in bytes.
const MEMORY_HEADROOM: u64 = 16 << 20;
/// The bytes of a file that a decoder gets at once. What it allocates for them is at most a few megabytes.
const READ_CHUNK: usize = 16 << 10;

/// Checked by decoders at intervals.
#[derive(Clone, Copy, Debug)]
pub struct ResourceLimits {
    pub deadline: Instant,
    /// The function's memory in bytes; `None` if unknown.
    pub memory: Option<u64>,
}

impl ResourceLimits {
    pub fn check_time(&self) -> Result<(), PhotoError> {
        if Instant::now() < self.deadline {
            return Ok(());
        }
        Err(PhotoError::OutOfTime)
    }

    pub fn check_memory(&self) -> Result<(), PhotoError> {
        match self.memory {
            Some(available) if resident_memory().is_some_and(|resident| resident + MEMORY_HEADROOM > available) => {
                Err(PhotoError::Refused(Refusal::DecoderOutOfMemory(available >> 20)))
            }
            _ => Ok(()),
        }
    }
}

/// The process's resident memory in bytes. Source: proc_pid_statm(5).
pub fn resident_memory() -> Option<u64> {
    // Pages are 4 kB on both of Lambda's architectures.
    const PAGE: u64 = 4096;
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE)
}

/// A file in memory; each read checks the limits.
pub struct LimitedReader<'a> {
    file: io::Cursor<&'a [u8]>,
    limits: ResourceLimits,
    stop_reason: &'a Cell<Option<PhotoError>>,
}

impl<'a> LimitedReader<'a> {
    /// When a limit is reached, its error is stored in `stop_reason`, and the decoder gets a read error.
    pub fn new(file: &'a [u8], limits: ResourceLimits, stop_reason: &'a Cell<Option<PhotoError>>) -> BufReader<Self> {
        let file = io::Cursor::new(file);
        let reader = Self {
            file,
            limits,
            stop_reason,
        };
        BufReader::with_capacity(READ_CHUNK, reader)
    }
}

impl Read for LimitedReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let check = self.limits.check_time().and_then(|()| self.limits.check_memory());
        check.map_err(|failure| {
            self.stop_reason.set(Some(failure));
            io::Error::other("stopped")
        })?;
        self.file.read(buffer)
    }
}

impl Seek for LimitedReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
