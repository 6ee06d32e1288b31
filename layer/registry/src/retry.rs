//! The number of attempts, the delays between them, and the timeouts.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

#[derive(Clone, Debug)]
pub struct RetryPolicy {
    /// The number of attempts, including the first one. An attempt that receives 1 MiB resets the count.
    pub max_attempts: u32,
    /// The delay before the second attempt. It doubles for each later one.
    pub initial_backoff: Duration,
    /// The longest delay, unless the registry requests one.
    pub max_backoff: Duration,
    /// The longest delay that a registry may request. One that requests a longer one is not retried.
    pub max_retry_after: Duration,
    /// The longest sum of all delays of a request, counted anew when an attempt receives 1 MiB.
    pub max_total_delay: Duration,
    pub connect_timeout: Duration,
    /// The longest time without data in either direction.
    pub read_timeout: Duration,
    /// The time that a registry may take to confirm a blob that it has received completely.
    pub commit_timeout: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 6,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(60),
            max_retry_after: Duration::from_secs(300),
            max_total_delay: Duration::from_secs(900),
            connect_timeout: Duration::from_secs(15),
            read_timeout: Duration::from_secs(60),
            commit_timeout: Duration::from_secs(300),
        }
    }
}

impl RetryPolicy {
    /// The delay after `failures` failed attempts: random, between half and all of the exponential backoff, so that
    /// clients that failed together do not retry together.
    pub(crate) fn backoff(&self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let full = self.initial_backoff.saturating_mul(doubled).min(self.max_backoff);
        // The keys of its hasher are the standard library's only source of randomness.
        let random = RandomState::new().build_hasher().finish() >> 32;
        #[expect(clippy::cast_precision_loss, reason = "any random number will do")]
        let fraction = random as f64 / f64::from(u32::MAX);
        full.mul_f64(0.5 + fraction.clamp(0.0, 1.0) / 2.0)
    }
}

/// The delay of a `Retry-After` header, in seconds or as a date (RFC 9110, section 10.2.3). The date is compared with
/// the response's `Date`, because the clocks of both machines may differ; without one, with this machine's clock.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = headers.get(DATE).and_then(|date| date.to_str().ok());
    let now = now.and_then(|date| httpdate::parse_http_date(date).ok());
    let now = now.unwrap_or_else(SystemTime::now);
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_the_maximum_with_jitter() {
        let policy = RetryPolicy::default();
        for (failures, full) in [(1, 500), (2, 1000), (5, 8000), (9, 60_000), (u32::MAX, 60_000)] {
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
        assert_eq!(
            headers(now, "99999999999999999999"),
            Some(Duration::from_secs(u64::MAX))
        );
        assert_eq!(headers(now, ""), None);
        assert_eq!(headers(now, "-1"), None);
        assert_eq!(headers(now, "soon"), None);
        let (soon, later) = (SystemTime::now(), SystemTime::now() + Duration::from_secs(90));
        assert_eq!(headers(now, "1.5"), None);
        // Without a valid `Date`.
        assert_eq!(headers("now", then), Some(Duration::ZERO));
        let mut undated = HeaderMap::new();
        undated.insert(RETRY_AFTER, httpdate::fmt_http_date(later).parse().unwrap());
        let wait = retry_after(&undated).unwrap();
        assert!(
            wait <= Duration::from_secs(90) && wait > Duration::from_secs(30),
            "{wait:?} at {soon:?}"
        );
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
