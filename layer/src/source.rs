//! Sources of images, such as layout folders and archives. They return unverified bytes; callers verify digests.

use std::io::Read;
use std::path::Path;

use fs_err::{self as fs, File};
use oci_spec::image::Descriptor;

use crate::digest::{Digest, HashingIo};
use crate::document::{self, descriptor_digest};
use crate::{Error, Index, Result};

/// The documents and blobs of images.
pub trait Source {
    /// The name in errors, such as "the layout `target/image`".
    fn origin(&self) -> &str;

    /// The content of `index.json`.
    fn index(&self) -> Result<Vec<u8>>;

    /// Opens a blob without verifying it.
    ///
    /// # Errors
    /// The source does not have the blob.
    fn blob(&self, digest: &Digest) -> Result<Blob<'_>>;

    /// The sorted names of all files in `blobs/sha256`.
    fn blob_names(&self) -> Result<Vec<String>>;

    /// The content of `manifest.json`, which Docker before version 25 reads, if there is one.
    fn docker_manifest(&self) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }
}

/// An unverified blob.
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct Blob<'a> {
    pub size: u64,
    pub reader: Box<dyn Read + 'a>,
}

/// Opens a regular file of a source, which errors call `what`; returns its size as well. Refuses links, which could lead
/// out of the source, and pipes, which could block.
pub(crate) fn open_regular_file(origin: &str, path: &Path, what: &str) -> Result<(File, u64)> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Err(Error::missing(origin, what));
    };
    if !found.is_file() {
        let reason = format!("its {what} is not a regular file");
        return Err(Error::damaged(origin, reason));
    }
    Ok((File::open(path)?, found.len()))
}

/// Reads and parses the index of a source.
pub fn index(source: &dyn Source) -> Result<Index> {
    Index::parse(source.origin(), &source.index()?)
}

/// Reads the document of a descriptor, and verifies its digest and size. Errors call it `what`.
pub fn document(source: &dyn Source, what: &str, of: &Descriptor) -> Result<Vec<u8>> {
    let origin = source.origin();
    let digest = descriptor_digest(origin, of)?;
    let mut reader = HashingIo::new(source.blob(&digest)?.reader);
    let bytes = document::read(origin, what, &mut reader)?;
    let (_, found, _) = reader.finish();
    let wrong = |reason| Err(Error::damaged(origin, reason));
    if found != digest {
        return wrong(format!("its {what} {digest} has the digest {found}"));
    }
    if bytes.len() as u64 != of.size() {
        let (found, declared) = (bytes.len(), of.size());
        return wrong(format!("its {what} has {found} bytes instead of {declared}"));
    }
    Ok(bytes)
}
