//! The order in which the photos of an event are looked at.

use tokio::sync::watch;

/// Whether photos may overtake one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Any,
    /// They may not, and after one that failed none is looked at.
    Strict,
}

/// Whose turn it is. All photos may be read at once; a turn is for what comes after.
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

    /// Waits for the turn of the one at `index`. Says no if one before it failed.
    pub async fn wait(&self, index: usize) -> bool {
        if self.order == Order::Any {
            return true;
        }
        let mut states = self.state.subscribe();
        // The sender lives as long as this, so that the wait does not fail.
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
        // The last comes first, and waits.
        join3(process(2), process(1), process(0)).await;
        assert_eq!(*done.lock().unwrap(), [(0, true), (1, true), (2, false)]);
        let any = Sequencer::new(Order::Any);
        any.complete(false);
        assert!(any.wait(7).await);
    }
}
