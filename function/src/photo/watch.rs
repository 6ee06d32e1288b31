//! What ends the decoding of a photo that would go on for too long or take too much memory.

use std::cell::Cell;
use std::fs;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::time::Instant;

use super::{Failure, Refusal};

/// What must be left of the memory while a photo is decoded, in bytes.
const LEFT: u64 = 16 << 20;
/// How much of a file is shown to a decoder at once, in bytes. What it makes of that is at most a few megabytes.
const PIECE: usize = 16 << 10;

/// Asked by decoders from time to time.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// When nobody waits for the photo any more.
    pub until: Instant,
    /// The function's memory in bytes, if it is known.
    pub memory: Option<u64>,
}

impl Watch {
    pub fn time(&self) -> Result<(), Failure> {
        if Instant::now() < self.until {
            return Ok(());
        }
        Err(Failure::OutOfTime)
    }

    pub fn memory(&self) -> Result<(), Failure> {
        match self.memory {
            Some(has) if resident().is_some_and(|resident| resident + LEFT > has) => {
                Err(Failure::Photo(Refusal::DecoderTookTooMuch(has >> 20)))
            }
            _ => Ok(()),
        }
    }
}

/// The memory that the process has, in bytes. Source: proc_pid_statm(5).
pub fn resident() -> Option<u64> {
    // What Linux calls a page here is 4 kB on both architectures that Lambda has.
    const PAGE: u64 = 4096;
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE)
}

/// A file in memory, with a look at the watch before each piece of it.
pub struct Watched<'a> {
    file: io::Cursor<&'a [u8]>,
    watch: Watch,
    stopped: &'a Cell<Option<Failure>>,
}

impl<'a> Watched<'a> {
    /// Why the decoder was stopped is in `stopped` then; to it, it is a failure to read.
    pub fn new(
        file: &'a [u8],
        watch: Watch,
        stopped: &'a Cell<Option<Failure>>,
    ) -> BufReader<Self> {
        let file = io::Cursor::new(file);
        let watched = Self {
            file,
            watch,
            stopped,
        };
        BufReader::with_capacity(PIECE, watched)
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let look = self.watch.time().and_then(|()| self.watch.memory());
        look.map_err(|failure| {
            self.stopped.set(Some(failure));
            io::Error::other("stopped")
        })?;
        self.file.read(buffer)
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
