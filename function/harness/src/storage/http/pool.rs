//! Keeps idle connections for the next request to the same host.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use tokio::time::timeout;

use crate::storage::endpoint::Origin;

/// A connection, to which one request at a time is sent.
pub(super) type Sender = SendRequest<Full<Bytes>>;

/// More are not kept: photos are read and written one at a time.
const MAX_IDLE: usize = 16;
/// Servers close idle connections without notice.
const MAX_IDLE_TIME: Duration = Duration::from_secs(90);
/// A server that has answered before it received all of a request may never read the rest.
const READY_TIMEOUT: Duration = Duration::from_millis(100);

#[derive(Default)]
pub(super) struct Pool(Mutex<Vec<Idle>>);

struct Idle {
    origin: Origin,
    sender: Sender,
    since: Instant,
}

impl Pool {
    /// The connection that was used last.
    pub(super) async fn take(&self, origin: &Origin) -> Option<Sender> {
        loop {
            let mut sender = self.pop(origin)?;
            // The connection's task may not yet have seen the end of the last response, or that the server closed it.
            if let Ok(Ok(())) = timeout(READY_TIMEOUT, sender.ready()).await {
                return Some(sender);
            }
        }
    }

    pub(super) fn put(&self, origin: &Origin, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.lock();
        if idle.len() == MAX_IDLE {
            idle.remove(0);
        }
        idle.push(Idle {
            origin: origin.clone(),
            sender,
            since: Instant::now(),
        });
    }

    /// Drops all connections to `origin`.
    pub(super) fn forget(&self, origin: &Origin) {
        self.lock().retain(|idle| idle.origin != *origin);
    }

    fn pop(&self, origin: &Origin) -> Option<Sender> {
        let mut idle = self.lock();
        idle.retain(|idle| idle.since.elapsed() < MAX_IDLE_TIME);
        let last = idle.iter().rposition(|idle| idle.origin == *origin)?;
        Some(idle.remove(last).sender)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        // The list is consistent even if a thread panicked while it held the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
