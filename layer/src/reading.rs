//! A reader that remembers whether it failed: when copying does, it tells which of both files is to be
//! named.

use std::io::{self, Read};
use std::path::Path;

use crate::Error;

pub(crate) struct Reading<R> {
    inner: R,
    failed: bool,
}

impl<R: Read> Reading<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self {
            inner,
            failed: false,
        }
    }

    /// The error for a copy from the file `source` to the file `to`.
    pub(crate) fn error(&self, source: &Path, to: &Path, reason: io::Error) -> Error {
        if self.failed {
            Error::io("add", source)(reason)
        } else {
            Error::io("write", to)(reason)
        }
    }

    pub(crate) fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: Read> Read for Reading<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer);
        self.failed |= read.is_err();
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }

    /// A disk that is full.
    struct Full;

    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("full"))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_file_that_failed_is_named() {
        let (source, to) = (Path::new("/source"), Path::new("/to"));
        let mut broken = Reading::new(Broken);
        let reason = io::copy(&mut broken, &mut io::sink()).unwrap_err();
        let said = broken.error(source, to, reason).to_string();
        assert_eq!(said, "failed to add `/source`: broken");
        let mut good = Reading::new(&b"abc"[..]);
        let reason = io::copy(&mut good, &mut Full).unwrap_err();
        let said = good.error(source, to, reason).to_string();
        assert_eq!(said, "failed to write `/to`: full");
    }
}
