//! The end of an invocation: what cannot be done before it is given up in time to say so.

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, timeout_at};

use crate::error::{Error, Result};

/// What answering takes, of the time that is left.
const ANSWER: Duration = Duration::from_millis(200);

/// When the work must be done.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// For an invocation that Lambda ends at `milliseconds` after 1970.
    pub fn of(milliseconds: u64) -> Self {
        let end = UNIX_EPOCH + Duration::from_millis(milliseconds);
        Self::after(end.duration_since(SystemTime::now()).unwrap_or_default())
    }

    /// For an invocation that has so much time. A tenth of a short time is kept for the answer.
    pub fn after(left: Duration) -> Self {
        Self(Instant::now() + left - ANSWER.min(left / 10))
    }

    /// The moment itself.
    pub fn instant(self) -> std::time::Instant {
        self.0.into_std()
    }

    /// Does something to an object, if there is time.
    pub async fn bound<T>(
        self,
        verb: &'static str,
        url: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let late = |_| Error::OutOfTime {
            verb,
            url: url.to_owned(),
        };
        // A future that is ready would be asked once even after the end.
        if Instant::now() >= self.0 {
            return Err(Error::OutOfTime {
                verb,
                url: url.to_owned(),
            });
        }
        timeout_at(self.0, work).await.map_err(late)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_takes_too_long_is_given_up() {
        let deadline = Deadline::after(Duration::from_millis(20));
        let never = std::future::pending::<Result<()>>();
        let error = deadline.bound("read", "s3://b/k", never).await.unwrap_err();
        assert_eq!(error.name(), "OutOfTime");
        assert!(error.is_temporary());
        let after = deadline.bound("write", "s3://b/k", async { Ok(()) }).await;
        assert_eq!(after.unwrap_err().name(), "OutOfTime");
        let fine = Deadline::after(Duration::from_secs(10));
        fine.bound("read", "s3://b/k", async { Ok(()) })
            .await
            .unwrap();
    }
}
