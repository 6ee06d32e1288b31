//! Waits between the attempts of a request. The invocation's deadline can end them earlier.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::{Instant, sleep};

use super::error::RequestError;

const MAX_RETRIES: u32 = 5;
/// No retry starts later than this after the first attempt.
const TIME_LIMIT: Duration = Duration::from_secs(60);
const FIRST_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(5);

pub(super) struct Retries {
    count: u32,
    start: Instant,
}

impl Retries {
    pub(super) fn new() -> Self {
        Self {
            count: 0,
            start: Instant::now(),
        }
    }

    /// Waits for the next attempt.
    ///
    /// # Errors
    /// There is none: the request cannot succeed, or enough were made.
    pub(super) async fn wait(&mut self, error: RequestError) -> Result<(), RequestError> {
        if self.count == MAX_RETRIES || !error.is_retryable() || self.start.elapsed() > TIME_LIMIT {
            return Err(error);
        }
        let delay = MAX_DELAY.min(FIRST_DELAY * (1 << self.count));
        self.count += 1;
        sleep(delay.mul_f64(random_share())).await;
        Ok(())
    }
}

/// From a half to one, so that functions which failed together do not all come back together.
fn random_share() -> f64 {
    let mut byte = [u8::MAX];
    // Without random numbers the delay is the longest.
    let _ = SystemRandom::new().fill(&mut byte);
    0.5 + f64::from(byte[0]) / 510.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn delays_double_and_end() {
        let mut retries = Retries::new();
        for number in 0..MAX_RETRIES {
            let start = Instant::now();
            retries.wait(RequestError::Corrupt(String::new())).await.unwrap();
            let longest = FIRST_DELAY * (1 << number);
            let waited = start.elapsed();
            // Timers have a resolution of 1 ms.
            assert!(
                waited >= longest / 2 && waited <= longest + Duration::from_millis(2),
                "{waited:?}"
            );
        }
        retries.wait(RequestError::Corrupt(String::new())).await.unwrap_err();
    }

    #[tokio::test]
    async fn permanent_errors_are_not_retried() {
        let error = RequestError::Configuration(String::new());
        Retries::new().wait(error).await.unwrap_err();
    }
}
