//! The queue of photos, each on its own thread: one is processed at a time. A photo that is no longer awaited counts
//! until its work ends.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

#[derive(Debug, Default)]
pub struct ProcessingQueue {
    running: Mutex<()>,
    pending: AtomicUsize,
}

/// A photo, counted from `enqueue` until it is dropped.
pub struct QueuedPhoto {
    queue: Arc<ProcessingQueue>,
    started_at: Arc<OnceLock<Instant>>,
}

impl ProcessingQueue {
    pub fn enqueue(self: &Arc<Self>) -> QueuedPhoto {
        self.pending.fetch_add(1, Ordering::Relaxed);
        QueuedPhoto {
            queue: Arc::clone(self),
            started_at: Arc::default(),
        }
    }

    pub fn is_busy(&self) -> bool {
        self.pending.load(Ordering::Relaxed) > 0
    }
}

impl QueuedPhoto {
    pub fn started_at(&self) -> Arc<OnceLock<Instant>> {
        Arc::clone(&self.started_at)
    }

    /// Waits until no other photo is processed, and starts with this one, which ends when the guard is dropped.
    pub fn start(&self) -> MutexGuard<'_, ()> {
        // The lock guards no data that a panic could leave inconsistent.
        let guard = self.queue.running.lock();
        let guard = guard.unwrap_or_else(PoisonError::into_inner);
        self.started_at.get_or_init(Instant::now);
        guard
    }
}

impl Drop for QueuedPhoto {
    fn drop(&mut self) {
        self.queue.pending.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_photo_is_processed_at_a_time_and_a_panic_ends_it() {
        let queue = Arc::new(ProcessingQueue::default());
        let (first, second) = (queue.enqueue(), queue.enqueue());
        let started_at = second.started_at();
        let guard = first.start();
        let other = std::thread::spawn(move || {
            let _guard = second.start();
            panic!("simulated");
        });
        assert!(started_at.get().is_none());
        drop(guard);
        drop(first);
        other.join().unwrap_err();
        assert!(started_at.get().is_some());
        assert!(!queue.is_busy());
        let third = queue.enqueue();
        assert!(queue.is_busy());
        drop(third.start());
        drop(third);
        assert!(!queue.is_busy());
    }
}
