//! The deadline of an invocation: work that does not finish before it is abandoned early enough to send a response.

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, timeout_at};

use crate::error::{Error, Result};

/// Time reserved for the response, and for re-executing the process if a detection is still running: Lambda waits until
/// the process requests the next event, and before that gigabytes of memory may have to be freed.
const RESPONSE_MARGIN: Duration = Duration::from_millis(400);
/// The minimum fraction of an invocation's time that counts as nearly all of it: a single photo gets this much, because
/// the rest is for its download.
const NEARLY_FULL: f64 = 0.75;

#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    start: Instant,
    end: Instant,
}

impl Deadline {
    /// The deadline of an invocation that Lambda ends at `milliseconds` since the Unix epoch.
    pub fn from_unix_millis(milliseconds: u64) -> Self {
        let end = UNIX_EPOCH + Duration::from_millis(milliseconds);
        Self::after(end.duration_since(SystemTime::now()).unwrap_or_default())
    }

    /// Reserves time for the response, at most a fifth of `left`.
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

    /// The time that was left at `since`, if it was nearly all of the invocation's: work that did not finish in it will
    /// not finish in another invocation.
    pub fn nearly_full_since(self, since: std::time::Instant) -> Option<Duration> {
        let left = self.end.saturating_duration_since(since.into());
        let total = self.end - self.start;
        (left >= total.mul_f64(NEARLY_FULL)).then_some(left)
    }

    /// # Errors
    /// `OutOfTime` if `work` does not finish before the deadline; otherwise those of `work`.
    pub async fn enforce<T>(
        self,
        operation: &'static str,
        url: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        // `timeout_at` polls a future once even after the deadline.
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
        let error = deadline.enforce("read", "s3://b/k", never).await.unwrap_err();
        assert_eq!(error.name(), "OutOfTime");
        assert!(error.is_temporary());
        let after = deadline.enforce("write", "s3://b/k", async { Ok(()) }).await;
        assert_eq!(after.unwrap_err().name(), "OutOfTime");
        let fine = Deadline::after(Duration::from_secs(10));
        fine.enforce("read", "s3://b/k", async { Ok(()) }).await.unwrap();
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
    fn time_is_nearly_full_only_early_in_the_invocation() {
        let deadline = Deadline::after(Duration::from_secs(10));
        let at = |seconds| deadline.start.into_std() + Duration::from_secs_f64(seconds);
        let remaining = deadline.nearly_full_since(at(0.5)).unwrap();
        assert_eq!(remaining, Duration::from_secs_f64(9.1));
        assert!(deadline.nearly_full_since(at(2.0)).is_some());
        assert!(deadline.nearly_full_since(at(3.0)).is_none());
        assert!(deadline.nearly_full_since(at(20.0)).is_none());
    }
}
