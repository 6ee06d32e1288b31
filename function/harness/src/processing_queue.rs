//! The queue of photos of all events: one is processed at a time, in the order of arrival. A photo that is no longer
//! awaited leaves the queue, or is abandoned if it is being processed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

pub struct ProcessingQueue {
    turns: Arc<Semaphore>,
    abandoned: watch::Sender<Option<Abandoned>>,
}

/// A photo that is processed although nobody waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abandoned {
    pub request_id: String,
}

/// Held while a photo is processed.
pub struct Turn {
    photo: Photo,
    _permit: OwnedSemaphorePermit,
}

/// Held while a photo's result is awaited. If it is dropped before the turn ends, the photo is abandoned.
pub struct Awaited {
    photo: Photo,
    request_id: String,
}

/// What the thread that processes a photo shares with the event that awaits it.
#[derive(Clone)]
struct Photo {
    abandoned: watch::Sender<Option<Abandoned>>,
    /// Whether one of the two has ended. It changes only while `abandoned` is locked.
    one_ended: Arc<AtomicBool>,
}

impl Default for ProcessingQueue {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(1)),
            abandoned: watch::Sender::default(),
        }
    }
}

impl ProcessingQueue {
    /// Waits until no other photo is processed; `None` if that never happens again.
    pub async fn turn(&self, request_id: &str) -> Option<(Turn, Awaited)> {
        let permit = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let photo = Photo {
            abandoned: self.abandoned.clone(),
            one_ended: Arc::default(),
        };
        let awaited = Awaited {
            photo: photo.clone(),
            request_id: request_id.to_owned(),
        };
        let turn = Turn { photo, _permit: permit };
        Some((turn, awaited))
    }

    /// The photo that is processed although its event has ended, at most one.
    pub fn abandoned(&self) -> watch::Receiver<Option<Abandoned>> {
        self.abandoned.subscribe()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Before the permit is dropped, so that no two photos are abandoned.
        let Photo { abandoned, one_ended } = &self.photo;
        abandoned.send_if_modified(|abandoned| {
            let is_abandoned = one_ended.swap(true, Ordering::Relaxed);
            if is_abandoned {
                *abandoned = None;
            }
            is_abandoned
        });
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        let Photo { abandoned, one_ended } = &self.photo;
        abandoned.send_if_modified(|abandoned| {
            let is_abandoned = !one_ended.swap(true, Ordering::Relaxed);
            if is_abandoned {
                let request_id = self.request_id.clone();
                *abandoned = Some(Abandoned { request_id });
            }
            is_abandoned
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn abandoned(queue: &ProcessingQueue) -> Option<String> {
        let abandoned = queue.abandoned();
        let abandoned = abandoned.borrow();
        abandoned.as_ref().map(|abandoned| abandoned.request_id.clone())
    }

    #[tokio::test]
    async fn one_photo_is_processed_at_a_time_and_a_panic_ends_it() {
        let queue = ProcessingQueue::default();
        let (first, awaited) = queue.turn("first").await.unwrap();
        let mut second = Box::pin(queue.turn("second"));
        let mut third = Box::pin(queue.turn("third"));
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
        assert_eq!(abandoned(&queue), None);
    }

    #[tokio::test]
    async fn a_photo_that_is_not_awaited_leaves_the_queue_or_is_abandoned() {
        let queue = ProcessingQueue::default();
        let (turn, awaited) = queue.turn("first").await.unwrap();
        let mut second = Box::pin(queue.turn("second"));
        assert!(second.as_mut().now_or_never().is_none());
        drop(second);
        assert_eq!(abandoned(&queue), None, "it was not processed");
        drop(awaited);
        assert_eq!(abandoned(&queue).as_deref(), Some("first"));
        drop(turn);
        assert_eq!(abandoned(&queue), None);
        assert!(queue.turn("third").now_or_never().is_some());
    }
}
