//! The queue of photos of all events: they are processed in the order of arrival, as many at a time as there are
//! functions and memory. A photo whose event has ended leaves the queue, or is abandoned if it is already being
//! processed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

pub struct ProcessingQueue {
    turns: Arc<Semaphore>,
    /// In megabytes.
    memory: Arc<Semaphore>,
    abandoned: watch::Sender<Abandoned>,
}

/// Photos that are processed although their events have ended: the IDs of these.
pub type Abandoned = Vec<String>;

/// Held while a photo is processed.
pub struct Turn {
    photo: Photo,
    _permits: [OwnedSemaphorePermit; 2],
}

/// Held while a photo's result is awaited. If it is dropped before the turn ends, the photo is abandoned.
pub struct Awaited(Photo);

/// What the thread that processes a photo shares with the event that awaits it.
#[derive(Clone)]
struct Photo {
    request_id: String,
    abandoned: watch::Sender<Abandoned>,
    /// Whether one of the two has ended. It changes only while `abandoned` is locked.
    one_ended: Arc<AtomicBool>,
}

impl Default for ProcessingQueue {
    fn default() -> Self {
        Self::new(1, None)
    }
}

impl ProcessingQueue {
    /// At most `photos` are processed at a time, which together need at most `megabytes`.
    pub fn new(photos: usize, megabytes: Option<u64>) -> Self {
        // More is not needed: a photo gets at most as much as there is.
        let megabytes = megabytes.map_or(u32::MAX, permits);
        Self {
            turns: Arc::new(Semaphore::new(photos)),
            memory: Arc::new(Semaphore::new(megabytes as usize)),
            abandoned: watch::Sender::default(),
        }
    }

    /// Waits until a photo that needs `megabytes`, at most those of the queue, may be processed. `None` if the queue is
    /// closed.
    pub async fn turn(&self, request_id: &str, megabytes: u64) -> Option<(Turn, Awaited)> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        // With the turn, so that smaller photos do not overtake this one for ever.
        let memory = Arc::clone(&self.memory);
        let memory = memory.acquire_many_owned(permits(megabytes)).await.ok()?;
        let photo = Photo {
            request_id: request_id.to_owned(),
            abandoned: self.abandoned.clone(),
            one_ended: Arc::default(),
        };
        let awaited = Awaited(photo.clone());
        let turn = Turn {
            photo,
            _permits: [memory, turn],
        };
        Some((turn, awaited))
    }

    pub fn abandoned(&self) -> watch::Receiver<Abandoned> {
        self.abandoned.subscribe()
    }
}

fn permits(megabytes: u64) -> u32 {
    u32::try_from(megabytes).unwrap_or(u32::MAX)
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Photo {
            request_id,
            abandoned,
            one_ended,
        } = &self.photo;
        abandoned.send_if_modified(|abandoned| {
            let is_abandoned = one_ended.swap(true, Ordering::Relaxed);
            let place = abandoned.iter().position(|other| other == request_id);
            if let (true, Some(place)) = (is_abandoned, place) {
                abandoned.swap_remove(place);
            }
            is_abandoned
        });
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        let Photo {
            request_id,
            abandoned,
            one_ended,
        } = &self.0;
        abandoned.send_if_modified(|abandoned| {
            let is_abandoned = !one_ended.swap(true, Ordering::Relaxed);
            if is_abandoned {
                abandoned.push(request_id.clone());
            }
            is_abandoned
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn abandoned(queue: &ProcessingQueue) -> Abandoned {
        queue.abandoned().borrow().clone()
    }

    #[tokio::test]
    async fn photos_are_processed_in_order_and_a_panic_ends_one() {
        let queue = ProcessingQueue::default();
        let (first, awaited) = queue.turn("first", 1).await.unwrap();
        let mut second = Box::pin(queue.turn("second", 1));
        let mut third = Box::pin(queue.turn("third", 1));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        let thread = std::thread::spawn(move || {
            let _turn = first;
            panic!("simulated");
        });
        thread.join().unwrap_err();
        drop(awaited);
        assert!(third.as_mut().now_or_never().is_none(), "the second photo is next");
        let second = second.now_or_never().unwrap().unwrap();
        drop(second);
        assert!(third.now_or_never().is_some());
        assert_eq!(abandoned(&queue), Abandoned::new());
    }

    #[tokio::test]
    async fn photos_are_processed_at_the_same_time_as_far_as_there_is_memory() {
        let queue = ProcessingQueue::new(3, Some(10));
        let first = queue.turn("first", 6).await.unwrap();
        let second = queue.turn("second", 4).await.unwrap();
        let mut large = Box::pin(queue.turn("large", 10));
        assert!(large.as_mut().now_or_never().is_none());
        drop(second);
        assert!(large.as_mut().now_or_never().is_none());
        let mut small = Box::pin(queue.turn("small", 1));
        assert!(small.as_mut().now_or_never().is_none(), "the large photo is next");
        drop(first);
        let large = large.now_or_never().unwrap().unwrap();
        assert!(small.as_mut().now_or_never().is_none());
        drop(large);
        assert!(small.now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_photo_that_is_not_awaited_leaves_the_queue_or_is_abandoned() {
        let queue = ProcessingQueue::new(2, None);
        let (turn, awaited) = queue.turn("first", 1).await.unwrap();
        let other = queue.turn("other", 1).await.unwrap();
        let mut second = Box::pin(queue.turn("second", 1));
        assert!(second.as_mut().now_or_never().is_none());
        drop(second);
        assert_eq!(abandoned(&queue), Abandoned::new(), "it was not processed");
        drop(awaited);
        assert_eq!(abandoned(&queue), ["first"]);
        drop(other);
        assert_eq!(abandoned(&queue), ["first"]);
        assert!(queue.turn("third", 1).now_or_never().is_some());
        drop(turn);
        assert_eq!(abandoned(&queue), Abandoned::new());
    }
}
