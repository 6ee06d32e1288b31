//! What ends the decoding of a photo that would go on for too long or take too much memory.

use std::cell::Cell;
use std::fs;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::time::Instant;

use super::failure::Failure;
use super::refusal::Refusal;

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
    /// Says whether there is time.
    pub fn time(&self) -> Result<(), Failure> {
        if Instant::now() < self.until {
            return Ok(());
        }
        Err(Failure::OutOfTime)
    }

    /// Says whether there is memory.
    pub fn memory(&self) -> Result<(), Failure> {
        let Some(has) = self.memory else {
            return Ok(());
        };
        if resident().is_none_or(|resident| resident + LEFT <= has) {
            return Ok(());
        }
        Err(Failure::Photo(Refusal::DecoderTookTooMuch(has >> 20)))
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

/// A file in memory, shown to a decoder piece by piece, with a look at the watch before each.
pub struct Watched<'a> {
    file: io::Cursor<&'a [u8]>,
    watch: Watch,
    /// Up to where the file was shown.
    shown: u64,
    stopped: &'a Cell<Option<Failure>>,
}

impl<'a> Watched<'a> {
    /// Why the decoder was stopped is in `stopped` then; to it, it is a failure to read.
    pub fn new(file: &'a [u8], watch: Watch, stopped: &'a Cell<Option<Failure>>) -> Self {
        Self {
            file: io::Cursor::new(file),
            watch,
            shown: 0,
            stopped,
        }
    }

    fn look(&mut self) -> io::Result<()> {
        if self.file.position() < self.shown {
            return Ok(());
        }
        self.shown = self.file.position() + PIECE as u64;
        self.watch
            .time()
            .and_then(|()| self.watch.memory())
            .map_err(|failure| {
                self.stopped.set(Some(failure));
                io::Error::other("stopped")
            })
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.look()?;
        self.file.read(buffer)
    }
}

impl BufRead for Watched<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.look()?;
        let most = usize::try_from(self.shown - self.file.position()).unwrap_or(PIECE);
        let rest = self.file.fill_buf()?;
        Ok(&rest[..rest.len().min(most)])
    }

    fn consume(&mut self, count: usize) {
        self.file.consume(count);
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = self.file.seek(to)?;
        self.shown = self.shown.min(position);
        Ok(position)
    }
}
