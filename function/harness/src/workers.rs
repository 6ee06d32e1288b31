//! The workers that request events, one event at a time each, and what a worker does after its response while a photo
//! that no event awaits is still being processed.
//!
//! Such a photo delays others, and only the end of the process ends it. Until the events of all workers have their
//! responses, workers that have finished request no more events. In AWS's emulator for Managed Instances a request for
//! an event stays open after its connection was closed, and the event that it gets is lost. So the process can only be
//! replaced in place if no worker waits for an event; otherwise it must end, and Lambda replaces the environment.
//! Source: <https://github.com/aws/aws-lambda-runtime-interface-emulator>, `RuntimePool` in
//! `internal/lambda-managed-instances/invoke/runtime_pool.go`.

use std::time::Duration;

use tokio::select;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::blocking_work::Abandoned;

/// How long a photo may take to end by itself before the process ends, which costs Lambda an environment. Most end
/// within milliseconds after their deadline.
const EXIT_DELAY: Duration = Duration::from_secs(1);

pub struct Workers {
    /// One per event that Lambda sends at the same time.
    number: u32,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Workers whose event has no response yet.
    busy: u32,
    /// Workers that have responded and request no event.
    held: u32,
}

/// What a worker does after a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    RequestEvent,
    /// Ends the work on these photos.
    Restart(Abandoned, Restart),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// The program replaces itself in its process.
    Reexecute,
    /// The process ends.
    Exit,
}

impl Workers {
    pub fn new(number: u32) -> Self {
        Self {
            number,
            state: watch::Sender::default(),
        }
    }

    pub fn number(&self) -> u32 {
        self.number
    }

    /// An event has arrived.
    pub fn start(&self) {
        self.state.send_modify(|state| state.busy += 1);
    }

    /// The response to an event was sent. Returns at once unless a photo is abandoned.
    pub async fn finish(&self, mut abandoned: watch::Receiver<Abandoned>) -> Next {
        let mut states = self.state.subscribe();
        self.state.send_modify(|state| {
            state.busy -= 1;
            state.held += 1;
        });
        let next = loop {
            let photos = abandoned.borrow_and_update().clone();
            if photos.is_empty() {
                break Next::RequestEvent;
            }
            let State { busy, held } = *states.borrow_and_update();
            if busy == 0 && held == self.number {
                break Next::Restart(photos, Restart::Reexecute);
            }
            // The senders outlive `self`.
            select! {
                _ = abandoned.changed() => {}
                _ = states.changed() => {}
                () = sleep(EXIT_DELAY), if busy == 0 => break Next::Restart(photos, Restart::Exit),
            }
        };
        self.state.send_modify(|state| state.held -= 1);
        next
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use futures_util::future::join;
    use tokio::time::Instant;

    use super::*;

    fn photos() -> Abandoned {
        vec!["slow".to_owned()]
    }

    fn restart(restart: Restart) -> Next {
        Next::Restart(photos(), restart)
    }

    #[test]
    fn the_next_event_is_requested_at_once_without_an_abandoned_photo() {
        let (workers, (_sender, abandoned)) = (Workers::new(3), watch::channel(Abandoned::new()));
        workers.start();
        workers.start();
        let next = workers.finish(abandoned).now_or_never();
        assert_eq!(next, Some(Next::RequestEvent));
    }

    #[test]
    fn the_only_worker_reexecutes() {
        let (workers, (_sender, abandoned)) = (Workers::new(1), watch::channel(photos()));
        workers.start();
        let next = workers.finish(abandoned).now_or_never();
        assert_eq!(next, Some(restart(Restart::Reexecute)));
    }

    #[tokio::test(start_paused = true)]
    async fn workers_are_held_until_all_have_responded() {
        for (number, expected) in [(2, Restart::Reexecute), (3, Restart::Exit)] {
            let (workers, (_sender, abandoned)) = (Workers::new(number), watch::channel(photos()));
            workers.start();
            workers.start();
            let mut first = Box::pin(workers.finish(abandoned.clone()));
            assert_eq!(first.as_mut().now_or_never(), None);
            let start = Instant::now();
            assert_eq!(workers.finish(abandoned).await, restart(expected), "{number}");
            let waited = if expected == Restart::Exit {
                EXIT_DELAY
            } else {
                Duration::ZERO
            };
            assert_eq!(start.elapsed(), waited, "{number}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_process_does_not_end_for_a_photo_that_ends_soon() {
        let (workers, (sender, abandoned)) = (Workers::new(16), watch::channel(photos()));
        workers.start();
        let end = async {
            sleep(EXIT_DELAY / 2).await;
            sender.send_replace(Abandoned::new());
        };
        let (next, ()) = join(workers.finish(abandoned), end).await;
        assert_eq!(next, Next::RequestEvent);
    }

    #[tokio::test]
    async fn workers_continue_when_the_photo_ends_by_itself() {
        let (workers, (sender, abandoned)) = (Workers::new(2), watch::channel(photos()));
        workers.start();
        workers.start();
        let mut first = Box::pin(workers.finish(abandoned.clone()));
        assert_eq!(first.as_mut().now_or_never(), None);
        sender.send_replace(Abandoned::new());
        assert_eq!(first.now_or_never(), Some(Next::RequestEvent));
        let second = workers.finish(abandoned).now_or_never();
        assert_eq!(second, Some(Next::RequestEvent));
        assert_eq!(workers.state.borrow().held, 0);
    }
}
