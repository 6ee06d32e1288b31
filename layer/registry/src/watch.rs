//! What a caller is told while a push or a pull goes on.

use std::cell::Cell;
use std::time::Duration;

use layer::Digest;

use super::Error;

#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    Blob {
        digest: Digest,
        bytes: u64,
        /// Whether it is there already, so that nothing is transferred.
        present: bool,
    },
    Bytes {
        /// How many of all blobs' are there, those that were there before included.
        done: u64,
        total: u64,
    },
    /// Something failed and is tried again.
    Again { error: &'a Error, wait: Duration },
}

pub(crate) type Watch<'a> = dyn Fn(&Event<'_>) + 'a;

pub(crate) struct Meter<'a> {
    watch: &'a Watch<'a>,
    before: Cell<u64>,
    total: u64,
}

impl<'a> Meter<'a> {
    pub fn new(watch: &'a Watch<'a>, total: u64) -> Self {
        Self {
            watch,
            before: Cell::new(0),
            total,
        }
    }

    pub fn blob(&self, digest: Digest, bytes: u64, present: bool) {
        (self.watch)(&Event::Blob {
            digest,
            bytes,
            present,
        });
    }

    /// So much of the present blob is there.
    pub fn moved(&self, bytes: u64) {
        (self.watch)(&Event::Bytes {
            done: self.before.get() + bytes,
            total: self.total,
        });
    }

    /// The present blob is there, with its size.
    pub fn finished(&self, bytes: u64) {
        self.before.set(self.before.get() + bytes);
        self.moved(0);
    }
}
