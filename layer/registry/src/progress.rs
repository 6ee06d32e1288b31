//! Progress events of a push or a pull.

use std::cell::Cell;
use std::time::Duration;

use layer::Digest;

use super::Error;

#[derive(Debug)]
#[non_exhaustive]
pub enum ProgressEvent<'a> {
    Blob {
        digest: Digest,
        bytes: u64,
        /// Whether it exists at the destination already, so that it is not transferred.
        present: bool,
    },
    Bytes {
        /// The bytes of all blobs, including those that existed before.
        done: u64,
        total: u64,
    },
    Retry {
        error: &'a Error,
        delay: Duration,
    },
}

pub(crate) type ProgressCallback<'a> = dyn Fn(&ProgressEvent<'_>) + 'a;

pub(crate) struct ProgressMeter<'a> {
    callback: &'a ProgressCallback<'a>,
    before: Cell<u64>,
    total: u64,
}

impl<'a> ProgressMeter<'a> {
    pub fn new(callback: &'a ProgressCallback<'a>, total: u64) -> Self {
        Self {
            callback,
            before: Cell::new(0),
            total,
        }
    }

    pub fn blob_started(&self, digest: Digest, bytes: u64, present: bool) {
        (self.callback)(&ProgressEvent::Blob { digest, bytes, present });
    }

    /// `bytes`: how many of the current blob are done.
    pub fn blob_progress(&self, bytes: u64) {
        (self.callback)(&ProgressEvent::Bytes {
            done: self.before.get() + bytes,
            total: self.total,
        });
    }

    /// `bytes`: the size of the current blob.
    pub fn blob_finished(&self, bytes: u64) {
        self.before.set(self.before.get() + bytes);
        self.blob_progress(0);
    }
}
