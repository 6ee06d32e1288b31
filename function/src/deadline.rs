//! The end of an invocation: what cannot be done before it is given up in time to say so.

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, timeout_at};

use crate::error::{Error, Result};

/// What answering takes, of the time that is left, and starting anew where a look goes on: Lambda waits for the next
/// request for an event, and until then gigabytes may have to be given back.
const RESPONSE_MARGIN: Duration = Duration::from_millis(400);
/// The part of an invocation's time that a photo has had if it had the invocation to itself; the rest is for bringing
/// its file.
const NEARLY_FULL: f64 = 0.75;

#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    start: Instant,
    end: Instant,
}

impl Deadline {
    /// For an invocation that Lambda ends at `milliseconds` after 1970.
    pub fn from_unix_millis(milliseconds: u64) -> Self {
        let end = UNIX_EPOCH + Duration::from_millis(milliseconds);
        Self::after(end.duration_since(SystemTime::now()).unwrap_or_default())
    }

    /// For an invocation that has so much time. A fifth of a short time is kept for the answer.
    pub fn after(left: Duration) -> Self {
        let start = Instant::now();
        Self {
            start,
            end: start + left - RESPONSE_MARGIN.min(left / 5),
        }
    }

    pub fn instant(self) -> std::time::Instant {
        self.end.into_std()
    }

    /// The time that was left at a moment, if that is nearly all of the invocation's: what was not done in it will not
    /// be done in another invocation.
    pub fn nearly_full_since(self, since: std::time::Instant) -> Option<Duration> {
        let left = self.end.saturating_duration_since(since.into());
        let total = self.end - self.start;
        (left >= total.mul_f64(NEARLY_FULL)).then_some(left)
    }

    /// Does something to an object, if there is time.
    pub async fn enforce<T>(
        self,
        operation: &'static str,
        url: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        // A future that is ready would be asked once even after the end.
        if Instant::now() < self.end
            && let Ok(done) = timeout_at(self.end, work).await
        {
            return done;
        }
        let url = url.to_owned();
        Err(Error::OutOfTime { operation, url })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_past_the_deadline_is_out_of_time() {
        let deadline = Deadline::after(Duration::from_millis(20));
        let never = std::future::pending::<Result<()>>();
        let error = deadline
            .enforce("read", "s3://b/k", never)
            .await
            .unwrap_err();
        assert_eq!(error.name(), "OutOfTime");
        assert!(error.is_temporary());
        let after = deadline
            .enforce("write", "s3://b/k", async { Ok(()) })
            .await;
        assert_eq!(after.unwrap_err().name(), "OutOfTime");
        let fine = Deadline::after(Duration::from_secs(10));
        fine.enforce("read", "s3://b/k", async { Ok(()) })
            .await
            .unwrap();
    }

    #[test]
    fn time_is_reserved_for_the_response() {
        for (left, working) in [(1, 0.8), (2, 1.6), (60, 59.6)] {
            let deadline = Deadline::after(Duration::from_secs(left));
            let found = deadline.end - deadline.start;
            assert_eq!(found, Duration::from_secs_f64(working));
        }
    }

    #[test]
    fn nearly_full_time_is_what_one_photo_alone_has() {
        let deadline = Deadline::after(Duration::from_secs(10));
        let at = |seconds| deadline.start.into_std() + Duration::from_secs_f64(seconds);
        let remaining = deadline.nearly_full_since(at(0.5)).unwrap();
        assert_eq!(remaining, Duration::from_secs_f64(9.1));
        assert!(deadline.nearly_full_since(at(2.0)).is_some());
        assert!(deadline.nearly_full_since(at(3.0)).is_none());
        assert!(deadline.nearly_full_since(at(20.0)).is_none());
    }
}
