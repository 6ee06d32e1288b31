//! A blob to be pushed: what it must be, and where its bytes come from.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use fs_err::File;
use layer::Digest;
/// What a blob's content is read from.
pub(crate) type Content = Box<dyn Read + Send>;

/// A blob to be pushed.
pub struct Blob<'a> {
    /// Its digest.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
    /// Where it lies, for errors.
    pub place: String,
    /// Opens its content, which is read from the beginning for each try and not beyond its size.
    pub open: Box<dyn Fn() -> io::Result<Content> + 'a>,
}

impl<'a> Blob<'a> {
    /// A blob that lies in a file, from `offset` on.
    pub fn in_file(digest: Digest, bytes: u64, path: &'a Path, offset: u64) -> Self {
        Self {
            digest,
            bytes,
            place: path.display().to_string(),
            open: Box::new(move || {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(offset))?;
                Ok(Box::new(file))
            }),
        }
    }
}
