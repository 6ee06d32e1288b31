//! How long failures are borne: how often something is tried, and how long is waited in between.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

#[derive(Clone, Debug)]
pub struct RetryPolicy {
    /// How often something is tried in all. A try that brings a megabyte begins the count anew.
    pub max_attempts: u32,
    /// The wait before the second try; each later one is twice as long.
    pub initial_backoff: Duration,
    /// The longest wait. A registry that asks for a longer one is given up.
    pub max_backoff: Duration,
    pub connect_timeout: Duration,
    /// How long nothing may pass before a connection counts as broken.
    pub read_timeout: Duration,
    /// How long a registry may take to store a blob that it has wholly received.
    pub commit_timeout: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 6,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(15),
            read_timeout: Duration::from_secs(60),
            commit_timeout: Duration::from_secs(300),
        }
    }
}

impl RetryPolicy {
    /// The wait after so many failures: a random time between half of the full one and all of it,
    /// so that many who failed at once do not come back at once.
    pub(crate) fn backoff(&self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let full = self
            .initial_backoff
            .saturating_mul(doubled)
            .min(self.max_backoff);
        // The hasher's keys are the standard library's one source of randomness.
        let random = RandomState::new().build_hasher().finish() >> 32;
        #[expect(clippy::cast_precision_loss, reason = "any number will do")]
        let fraction = random as f64 / f64::from(u32::MAX);
        full.mul_f64(0.5 + fraction.clamp(0.0, 1.0) / 2.0)
    }
}

/// How long an answer asks to wait, in seconds or until a date. The date is compared with that of
/// the answer: the two clocks need not agree.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = headers.get(DATE)?.to_str().ok()?;
    let now = httpdate::parse_http_date(now).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_the_maximum_with_jitter() {
        let policy = RetryPolicy::default();
        for (failures, full) in [
            (1, 500),
            (2, 1000),
            (5, 8000),
            (9, 60_000),
            (u32::MAX, 60_000),
        ] {
            let full = Duration::from_millis(full);
            for _ in 0..50 {
                let wait = policy.backoff(failures);
                assert!(wait >= full / 2 && wait <= full, "{wait:?} of {full:?}");
            }
        }
        let waits = (0..20).map(|_| policy.backoff(9));
        assert!(waits.collect::<std::collections::BTreeSet<_>>().len() > 1);
    }

    #[test]
    fn retry_after_is_parsed_as_seconds_or_date() {
        let headers = |date: &'static str, retry: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, date.parse().unwrap());
            headers.insert(RETRY_AFTER, retry.parse().unwrap());
            retry_after(&headers)
        };
        let now = "Fri, 31 Dec 1999 23:59:59 GMT";
        assert_eq!(headers(now, "120"), Some(Duration::from_secs(120)));
        let then = "Sat, 01 Jan 2000 00:00:29 GMT";
        assert_eq!(headers(now, then), Some(Duration::from_secs(30)));
        assert_eq!(headers(then, now), Some(Duration::ZERO));
        assert_eq!(headers(now, "-1"), None);
        assert_eq!(headers(now, "soon"), None);
        assert_eq!(headers("now", then), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
