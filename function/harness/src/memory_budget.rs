//! The memory for the files of all photos in progress, of all events. The photo that arrived first always gets its
//! memory; others are downloaded and uploaded at the same time, as long as all fit into the budget.

use std::collections::BTreeSet;

use tokio::sync::watch;

pub struct MemoryBudget {
    bytes: u64,
    usage: watch::Sender<Usage>,
}

#[derive(Default)]
struct Usage {
    bytes: u64,
    /// The index of the next reservation.
    next: usize,
    /// The first index whose reservation is not yet dropped.
    first_unfinished: usize,
    /// Later indices whose reservations are dropped.
    finished: BTreeSet<usize>,
}

/// The memory of one photo, from before its download until it is finished.
pub struct Reservation<'a> {
    budget: &'a MemoryBudget,
    index: usize,
    bytes: u64,
}

impl MemoryBudget {
    pub fn new(bytes: u64) -> Self {
        Self {
            bytes,
            usage: watch::Sender::default(),
        }
    }

    /// Reservations take precedence in the order in which they are made. A photo that waits for another one must make
    /// its reservation later than that one.
    pub fn reservation(&self) -> Reservation<'_> {
        let mut index = 0;
        self.usage.send_if_modified(|usage| {
            index = usage.next;
            usage.next += 1;
            false
        });
        Reservation {
            budget: self,
            index,
            bytes: 0,
        }
    }
}

impl Reservation<'_> {
    /// Waits until `bytes` more fit into the budget. The first unfinished photo never waits, so that a file over the
    /// budget is processed alone, and photos do not deadlock.
    pub async fn acquire(&mut self, bytes: u64) {
        let usage = &self.budget.usage;
        let mut changes = usage.subscribe();
        let fits = |usage: &mut Usage| {
            let with = usage.bytes.saturating_add(bytes);
            let fits = with <= self.budget.bytes || usage.first_unfinished == self.index;
            if fits {
                usage.bytes = with;
            }
            fits
        };
        while !usage.send_if_modified(fits) {
            // The sender outlives `self`, so this does not fail.
            let _ = changes.changed().await;
        }
        self.bytes += bytes;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.budget.usage.send_modify(|usage| {
            usage.bytes -= self.bytes;
            usage.finished.insert(self.index);
            while usage.finished.remove(&usage.first_unfinished) {
                usage.first_unfinished += 1;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn acquire_waits_for_free_bytes_except_for_the_first_photo() {
        let budget = MemoryBudget::new(10);
        let [mut first, mut second, mut third, mut fourth] = [(); 4].map(|()| budget.reservation());
        second.acquire(6).await;
        // A later file that is smaller may fit.
        assert!(third.acquire(5).now_or_never().is_none());
        third.acquire(4).await;
        first.acquire(100).await;
        let mut pending = Box::pin(fourth.acquire(6));
        assert!(pending.as_mut().now_or_never().is_none());
        drop(third);
        assert!(pending.as_mut().now_or_never().is_none());
        drop(first);
        assert!(pending.as_mut().now_or_never().is_none(), "6 of 10 bytes are in use");
        drop(second);
        pending.await;
    }

    #[tokio::test]
    async fn a_file_over_the_budget_is_admitted_when_it_is_first() {
        let budget = MemoryBudget::new(10);
        let [mut first, mut second] = [(); 2].map(|()| budget.reservation());
        first.acquire(1).await;
        let mut pending = Box::pin(second.acquire(11));
        assert!(pending.as_mut().now_or_never().is_none());
        drop(first);
        pending.await;
        assert_eq!(budget.usage.borrow().bytes, 11);
        drop(second);
        assert_eq!(budget.usage.borrow().bytes, 0);
    }

    #[tokio::test]
    async fn later_photos_get_memory_after_all_before_them() {
        let budget = MemoryBudget::new(10);
        for round in 0..3 {
            let [mut first, mut second] = [(); 2].map(|()| budget.reservation());
            second.acquire(10).await;
            drop(second);
            first.acquire(11).await;
            let mut third = budget.reservation();
            assert!(third.acquire(1).now_or_never().is_none(), "round {round}");
            drop(first);
            third.acquire(20).await;
        }
        assert_eq!(budget.usage.borrow().bytes, 0);
        assert!(budget.usage.borrow().finished.is_empty());
    }
}
