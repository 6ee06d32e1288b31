//! The bytes of a blob, as the body of a request. They are verified while they are sent.

use std::future::ready;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fs_err::File;
use futures_util::stream::{self, Stream};
use layer::{Digest, RunningDigest};

/// A blob to be pushed.
pub(crate) struct Blob<'a> {
    pub digest: Digest,
    pub size: u64,
    /// Its file, of which at most `size` bytes are read.
    pub path: &'a Path,
}

const CHUNK_SIZE: u64 = 1 << 16;

/// A local blob cannot be read or is damaged.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BodyError(pub String);

/// Streams the blob's bytes and counts them in `sent`. If size or digest are wrong, the stream and so the upload end
/// with an error. (The body of an empty blob is never polled.)
pub(crate) fn body(
    content: File,
    digest: Digest,
    size: u64,
    sent: Arc<AtomicU64>,
) -> impl Stream<Item = Result<Vec<u8>, BodyError>> + Send + 'static {
    let begin = (content, RunningDigest::default());
    stream::try_unfold(begin, move |(mut content, mut sum)| {
        let chunk = || {
            let left = size - sum.size();
            if left == 0 {
                return Ok(None);
            }
            let (limit, mut chunk) = (left.min(CHUNK_SIZE), Vec::new());
            let read = content.by_ref().take(limit).read_to_end(&mut chunk);
            read.map_err(|error| BodyError(error.to_string()))?;
            sum.update(&chunk);
            if (chunk.len() as u64) < limit {
                let found = sum.size();
                return Err(BodyError(format!("it has {found} bytes and should have {size}")));
            }
            if sum.size() == size && sum.digest() != digest {
                return Err(BodyError(format!("its digest is {}", sum.digest())));
            }
            sent.store(sum.size(), Ordering::Relaxed);
            Ok(Some((chunk, (content, sum))))
        };
        ready(chunk())
    })
}
