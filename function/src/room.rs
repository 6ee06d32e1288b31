//! Memory for the files of an event's photos. The one whose turn it is gets what it needs; others come while
//! it is looked at and go after, as far as they have room together.

use std::collections::BTreeSet;

use tokio::sync::watch;

pub struct Room {
    bytes: u64,
    taken: watch::Sender<Taken>,
}

#[derive(Default)]
struct Taken {
    bytes: u64,
    /// The first place that has not left.
    first: usize,
    /// Places behind it that have.
    left: BTreeSet<usize>,
}

/// A photo, from before its file comes until it is done with.
pub struct Guest<'a> {
    room: &'a Room,
    place: usize,
    bytes: u64,
}

impl Room {
    pub fn new(bytes: u64) -> Self {
        Self {
            bytes,
            taken: watch::Sender::default(),
        }
    }

    pub fn enter(&self, place: usize) -> Guest<'_> {
        Guest {
            room: self,
            place,
            bytes: 0,
        }
    }
}

impl Guest<'_> {
    /// Waits until there is room for a file. The first photo that is not done with never waits, so that
    /// one which nothing has room beside goes alone, and no two wait for each other.
    pub async fn take(&mut self, bytes: u64) {
        let taken = &self.room.taken;
        let mut changes = taken.subscribe();
        let fits = |taken: &mut Taken| {
            let with = taken.bytes.saturating_add(bytes);
            let fits = with <= self.room.bytes || taken.first == self.place;
            if fits {
                taken.bytes = with;
            }
            fits
        };
        while !taken.send_if_modified(fits) {
            // The sender lives as long as this, so that the wait does not fail.
            let _ = changes.changed().await;
        }
        self.bytes += bytes;
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.room.taken.send_modify(|taken| {
            taken.bytes -= self.bytes;
            taken.left.insert(self.place);
            while taken.left.remove(&taken.first) {
                taken.first += 1;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn files_wait_for_room_and_the_first_one_never_does() {
        let room = Room::new(10);
        let [mut first, mut second, mut third, mut fourth] =
            [0, 1, 2, 3].map(|place| room.enter(place));
        second.take(6).await;
        // What has come later may be smaller.
        assert!(third.take(5).now_or_never().is_none());
        third.take(4).await;
        first.take(100).await;
        let mut waiting = Box::pin(fourth.take(6));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(third);
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(first);
        assert!(waiting.as_mut().now_or_never().is_none(), "two of six");
        drop(second);
        waiting.await;
    }

    #[tokio::test]
    async fn one_that_is_larger_than_the_room_comes_when_it_is_the_first() {
        let room = Room::new(10);
        let [mut first, mut second] = [0, 1].map(|place| room.enter(place));
        first.take(1).await;
        let mut waiting = Box::pin(second.take(11));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(first);
        waiting.await;
        assert_eq!(room.taken.borrow().bytes, 11);
        drop(second);
        assert_eq!(room.taken.borrow().bytes, 0);
    }
}
