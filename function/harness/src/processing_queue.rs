//! The queue of photos of all events: they are processed in the order of arrival, as many at a time as there are
//! functions and memory. A photo whose event has ended leaves the queue.

use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

pub struct ProcessingQueue {
    turns: Arc<Semaphore>,
    /// In megabytes.
    memory: Arc<Semaphore>,
    megabytes: u32,
}

/// Held while a photo is processed.
pub struct Turn {
    _permits: [OwnedSemaphorePermit; 2],
}

impl ProcessingQueue {
    /// At most `photos` are processed at a time, which together need at most `megabytes`.
    pub fn new(photos: usize, megabytes: Option<u64>) -> Self {
        let megabytes = megabytes.and_then(|megabytes| u32::try_from(megabytes).ok());
        let megabytes = megabytes.unwrap_or(u32::MAX);
        Self {
            turns: Arc::new(Semaphore::new(photos)),
            memory: Arc::new(Semaphore::new(megabytes as usize)),
            megabytes,
        }
    }

    /// Waits until a photo that needs `megabytes`, or all of the queue's if these are fewer, may be processed.
    ///
    /// # Errors
    /// None, because the queue is never closed.
    pub async fn turn(&self, megabytes: u64) -> Result<Turn, AcquireError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await?;
        // With the turn, so that smaller photos do not overtake this one for ever.
        let megabytes = u32::try_from(megabytes).unwrap_or(u32::MAX).min(self.megabytes);
        let memory = Arc::clone(&self.memory).acquire_many_owned(megabytes).await?;
        Ok(Turn {
            _permits: [memory, turn],
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn photos_are_processed_in_order_and_a_panic_ends_one() {
        let queue = ProcessingQueue::new(1, None);
        let first = queue.turn(1).await.unwrap();
        let mut second = Box::pin(queue.turn(1));
        let mut third = Box::pin(queue.turn(1));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        let thread = std::thread::spawn(move || {
            let _turn = first;
            panic!("simulated");
        });
        thread.join().unwrap_err();
        assert!(third.as_mut().now_or_never().is_none(), "the second photo is next");
        let second = second.now_or_never().unwrap().unwrap();
        drop(second);
        assert!(third.now_or_never().is_some());
    }

    #[tokio::test]
    async fn photos_are_processed_at_the_same_time_as_far_as_there_is_memory() {
        let queue = ProcessingQueue::new(3, Some(10));
        let first = queue.turn(6).await.unwrap();
        let second = queue.turn(4).await.unwrap();
        // As much as there is.
        let mut large = Box::pin(queue.turn(u64::MAX));
        assert!(large.as_mut().now_or_never().is_none());
        drop(second);
        assert!(large.as_mut().now_or_never().is_none());
        let mut small = Box::pin(queue.turn(1));
        assert!(small.as_mut().now_or_never().is_none(), "the large photo is next");
        drop(first);
        let large = large.now_or_never().unwrap().unwrap();
        assert!(small.as_mut().now_or_never().is_none());
        drop(large);
        assert!(small.now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_photo_that_is_not_awaited_leaves_the_queue() {
        let queue = ProcessingQueue::new(1, None);
        let first = queue.turn(1).await.unwrap();
        let mut second = Box::pin(queue.turn(1));
        assert!(second.as_mut().now_or_never().is_none());
        drop(second);
        let mut third = Box::pin(queue.turn(1));
        assert!(third.as_mut().now_or_never().is_none());
        drop(first);
        assert!(third.now_or_never().is_some());
    }
}
