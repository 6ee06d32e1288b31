//! Reads the content of a tree's file while it is copied into an archive. It records whether reading failed, so that
//! the error of a failed copy names the right file.

use std::io::{self, Read, Take};
use std::path::Path;

use fs_err::File;

use crate::tree::Content;
use crate::{Error, Result};

pub(crate) struct ContentReader<'a> {
    inner: Take<Box<dyn Read + 'a>>,
    source: &'a Path,
    failed: bool,
}

impl<'a> ContentReader<'a> {
    pub(crate) fn open(content: &'a Content) -> Result<Self> {
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

    /// The number of bytes left to read.
    pub(crate) fn remaining(&self) -> u64 {
        self.inner.limit()
    }

    /// Checks the result of copying the whole content to the file `to`.
    pub(crate) fn finish_copy<T>(self, result: io::Result<T>, to: &Path) -> Result<T> {
        match result {
            Ok(_) if self.remaining() > 0 => {
                let shorter = io::Error::other("it became shorter while it was read");
                Err(Error::io("add", self.source)(shorter))
            }
            // The error names the file already.
            Err(reason) if self.failed => Err(reason.into()),
            result => result.map_err(Error::io("write", to)),
        }
    }
}

impl Read for ContentReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer);
        self.failed |= read.is_err();
        read
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    struct FullWriter;

    impl Write for FullWriter {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("full"))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn failed_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let named = folder.path().join("source");
        fs_err::write(&named, "abc").unwrap();
        let copy = |source: &Path, to: &mut dyn Write| {
            let content = Content::File(source.to_owned());
            let mut reader = ContentReader::open(&content).unwrap();
            let copied = io::copy(&mut reader, to);
            let failed = reader.finish_copy(copied, Path::new("/to"));
            failed.unwrap_err().to_string()
        };
        assert_eq!(copy(&named, &mut FullWriter), "failed to write `/to`: full");
        // A folder can be opened, but not read.
        let error = copy(folder.path(), &mut io::sink());
        assert!(error.contains(&folder.path().display().to_string()), "{error}");
        assert!(!error.contains("/to"), "{error}");
    }
}
