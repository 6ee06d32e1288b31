//! Looks that are under way, each on a thread of its own: one at a time looks, and one that nobody waits for any more is
//! known as long as it goes on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

#[derive(Debug, Default)]
pub struct Looks {
    turn: Mutex<()>,
    under_way: AtomicUsize,
}

/// A look, from when it is asked for to its end.
pub struct Look {
    looks: Arc<Looks>,
    began: Arc<OnceLock<Instant>>,
}

impl Looks {
    pub fn ask(self: &Arc<Self>) -> Look {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        Look {
            looks: Arc::clone(self),
            began: Arc::default(),
        }
    }

    pub fn go_on(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) > 0
    }
}

impl Look {
    pub fn began(&self) -> Arc<OnceLock<Instant>> {
        Arc::clone(&self.began)
    }

    /// Waits until no other looks, and begins. It has its turn as long as the guard lives.
    pub fn begin(&self) -> MutexGuard<'_, ()> {
        // There is nothing behind the lock that a panic could have left half done.
        let turn = self.looks.turn.lock();
        let turn = turn.unwrap_or_else(PoisonError::into_inner);
        self.began.get_or_init(Instant::now);
        turn
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.looks.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_looks_at_a_time_and_none_goes_on_after_a_panic() {
        let looks = Arc::new(Looks::default());
        let (first, second) = (looks.ask(), looks.ask());
        let began = second.began();
        let turn = first.begin();
        let other = std::thread::spawn(move || {
            let _turn = second.begin();
            panic!("as a test does it");
        });
        assert!(began.get().is_none());
        drop(turn);
        drop(first);
        other.join().unwrap_err();
        assert!(began.get().is_some());
        assert!(!looks.go_on());
        let third = looks.ask();
        assert!(looks.go_on());
        drop(third.begin());
        drop(third);
        assert!(!looks.go_on());
    }
}
