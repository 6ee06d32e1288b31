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
pub struct Turns {
    order: Order,
    now: watch::Sender<Turn>,
}

#[derive(Clone, Copy, Default)]
struct Turn {
    next: usize,
    failed: bool,
}

impl Turns {
    pub fn new(order: Order) -> Self {
        Self {
            order,
            now: watch::Sender::new(Turn::default()),
        }
    }

    /// Waits for the turn of the one at `place`. Says no if one before it failed.
    pub async fn come(&self, place: usize) -> bool {
        if self.order == Order::Any {
            return true;
        }
        let mut turns = self.now.subscribe();
        // The sender lives as long as this, so that the wait does not fail.
        let now = turns.wait_for(|turn| turn.next == place).await;
        now.is_ok_and(|turn| !turn.failed)
    }

    pub fn end(&self, well: bool) {
        self.now.send_modify(|turn| {
            turn.next += 1;
            turn.failed |= !well;
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join3;

    use super::*;

    #[tokio::test]
    async fn a_strict_order_is_kept_and_ends_with_a_failure() {
        let turns = Turns::new(Order::Strict);
        let done = std::sync::Mutex::new(Vec::new());
        let take = |place: usize| {
            let (turns, done) = (&turns, &done);
            async move {
                let comes = turns.come(place).await;
                done.lock().unwrap().push((place, comes));
                turns.end(comes && place != 1);
            }
        };
        // The last comes first, and waits.
        join3(take(2), take(1), take(0)).await;
        assert_eq!(*done.lock().unwrap(), [(0, true), (1, true), (2, false)]);
        let any = Turns::new(Order::Any);
        any.end(false);
        assert!(any.come(7).await);
    }
}
