//! Work of events on other threads, which cannot be interrupted. It is abandoned if its event ends first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;
use tokio::task::{JoinError, spawn_blocking};

use crate::log;

/// The IDs of events that have ended while work of theirs is running.
pub type Abandoned = Vec<String>;

#[derive(Default)]
pub struct BlockingWork(watch::Sender<Abandoned>);

/// One of two: the thread has one while it works, the event has the other while it waits.
struct Half {
    request_id: String,
    abandoned: watch::Sender<Abandoned>,
    side: Side,
    /// Whether the other one was dropped. It changes only while `abandoned` is locked.
    one_ended: Arc<AtomicBool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Work,
    Event,
}

impl BlockingWork {
    /// Waits for the work. If this is dropped before the work has ended, the work is abandoned.
    ///
    /// # Errors
    /// The work panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        request_id: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let one_ended = Arc::<AtomicBool>::default();
        let half = |side| Half {
            request_id: request_id.to_owned(),
            abandoned: self.0.clone(),
            side,
            one_ended: Arc::clone(&one_ended),
        };
        let (running, _awaited) = (half(Side::Work), half(Side::Event));
        let request_id = request_id.to_owned();
        let run = move || {
            let _running = running;
            log::for_request_blocking(request_id, work)
        };
        spawn_blocking(run).await
    }

    pub fn abandoned(&self) -> watch::Receiver<Abandoned> {
        self.0.subscribe()
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        self.abandoned.send_if_modified(|abandoned| {
            let is_second = self.one_ended.swap(true, Ordering::Relaxed);
            let place = abandoned.iter().position(|other| *other == self.request_id);
            match (self.side, is_second, place) {
                (Side::Event, false, _) => abandoned.push(self.request_id.clone()),
                (Side::Work, true, Some(place)) => {
                    abandoned.swap_remove(place);
                }
                _ => return false,
            }
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn work_is_abandoned_until_it_ends() {
        let work = BlockingWork::default();
        let (end, ended) = mpsc::channel::<()>();
        let mut running = Box::pin(work.run("first", move || ended.recv()));
        assert!(running.as_mut().now_or_never().is_none());
        assert!(work.abandoned().borrow().is_empty());
        drop(running);
        let mut abandoned = work.abandoned();
        assert_eq!(*abandoned.borrow_and_update(), ["first"]);
        work.run("second", || ()).await.unwrap();
        assert_eq!(*abandoned.borrow(), ["first"]);
        end.send(()).unwrap();
        abandoned.wait_for(Vec::is_empty).await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_ends_work() {
        let work = BlockingWork::default();
        let error = work.run("first", || panic!("simulated")).await.unwrap_err();
        assert!(error.is_panic());
        assert!(work.abandoned().borrow().is_empty());
    }
}
