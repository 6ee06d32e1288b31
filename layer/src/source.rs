//! Where an image is read from. Hands out bytes, and what is made of them is held to its digest.

use std::io::Read;

use oci_spec::image::Descriptor;

use crate::digest::{Digest, HashingIo};
use crate::document::{self, descriptor_digest};
use crate::{Error, Index, Result};

/// Something that holds the documents and blobs of images.
pub trait Source {
    /// What errors call it, such as "the layout `target/image`".
    fn origin(&self) -> &str;

    /// The document that says which images there are: `index.json`.
    fn index(&self) -> Result<Vec<u8>>;

    /// A blob.
    ///
    /// # Errors
    /// There is none of that digest.
    fn blob(&self, digest: &Digest) -> Result<Blob<'_>>;

    /// The names of all files in `blobs/sha256`, in order.
    fn blob_names(&self) -> Result<Vec<String>>;

    /// The document by which Docker before version 25 finds the image, where there is one.
    fn docker_manifest(&self) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    /// Whether layers lie here as they are before a push packs them. So it is in what `docker save`
    /// of Docker before version 25 writes.
    fn compresses_on_push(&self) -> bool {
        false
    }
}

/// Bytes that nobody has looked at yet.
#[expect(missing_docs, reason = "names that say all need no comment here")]
pub struct Blob<'a> {
    pub size: u64,
    pub reader: Box<dyn Read + 'a>,
}

/// The index of a source.
pub fn index(source: &dyn Source) -> Result<Index> {
    Index::parse(source.origin(), &source.index()?)
}

/// A document that a descriptor names, whose digest and size are as the descriptor says.
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
        return wrong(format!(
            "its {what} has {found} bytes instead of {declared}"
        ));
    }
    Ok(bytes)
}
