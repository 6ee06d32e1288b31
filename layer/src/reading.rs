//! What a file of a tree holds, while it is copied into an archive. Remembers whether reading failed: when copying
//! does, that tells which of both files is to be named.

use std::io::{self, Read, Take};
use std::path::Path;

use fs_err::File;

use crate::tree::Content;
use crate::{Error, Result};

pub(crate) struct Reading<'a> {
    inner: Take<Box<dyn Read + 'a>>,
    source: &'a Path,
    failed: bool,
}

impl<'a> Reading<'a> {
    pub(crate) fn of(content: &'a Content) -> Result<Self> {
        let (inner, size, source): (Box<dyn Read>, u64, _) = match content {
            Content::Bytes { bytes, .. } => {
                let reader = bytes.as_slice();
                (Box::new(reader), bytes.len() as u64, Path::new(""))
            }
            Content::File(path) => {
                let file = File::open(path)?;
                let size = file.metadata()?.len();
                (Box::new(file), size, path)
            }
        };
        Ok(Self {
            inner: inner.take(size),
            source,
            failed: false,
        })
    }

    /// How many bytes are not read yet.
    pub(crate) fn left(&self) -> u64 {
        self.inner.limit()
    }

    /// What became of a copy of all of it to the file `to`.
    pub(crate) fn copied<T>(self, result: io::Result<T>, to: &Path) -> Result<T> {
        match result {
            Ok(_) if self.left() > 0 => {
                let shorter = io::Error::other("it became shorter while it was read");
                Err(Error::io("add", self.source)(shorter))
            }
            Err(reason) if self.failed => Err(Error::io("add", self.source)(reason)),
            result => result.map_err(Error::io("write", to)),
        }
    }
}

impl Read for Reading<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer);
        self.failed |= read.is_err();
        read
    }
}
