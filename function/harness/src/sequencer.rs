//! The order in which the photos of an event are processed.

use tokio::sync::watch;

/// Whether photos may overtake one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Any,
    /// They may not, and after a photo that failed none is processed.
    Strict,
}

/// Orders what follows the download; all photos may be downloaded at once.
pub struct Sequencer {
    order: Order,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Default)]
struct State {
    next: usize,
    failed: bool,
}

impl Sequencer {
    pub fn new(order: Order) -> Self {
        Self {
            order,
            state: watch::Sender::new(State::default()),
        }
    }

    /// Waits until all photos before `index` are complete; `false` if one of them failed.
    pub async fn wait(&self, index: usize) -> bool {
        if self.order == Order::Any {
            return true;
        }
        let mut states = self.state.subscribe();
        // The sender outlives `self`, so this does not fail.
        let reached = states.wait_for(|state| state.next == index).await;
        reached.is_ok_and(|state| !state.failed)
    }

    pub fn complete(&self, succeeded: bool) {
        self.state.send_modify(|state| {
            state.next += 1;
            state.failed |= !succeeded;
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join3;

    use super::*;

    #[tokio::test]
    async fn strict_order_is_kept_until_a_failure() {
        let sequencer = Sequencer::new(Order::Strict);
        let done = std::sync::Mutex::new(Vec::new());
        let process = |index: usize| {
            let (sequencer, done) = (&sequencer, &done);
            async move {
                let proceeds = sequencer.wait(index).await;
                done.lock().unwrap().push((index, proceeds));
                sequencer.complete(proceeds && index != 1);
            }
        };
        // The last photo is polled first, and waits.
        join3(process(2), process(1), process(0)).await;
        assert_eq!(*done.lock().unwrap(), [(0, true), (1, true), (2, false)]);
        let any = Sequencer::new(Order::Any);
        any.complete(false);
        assert!(any.wait(7).await);
    }
}
