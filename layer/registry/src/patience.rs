//! How long failures are borne: how often something is tried, and how long is waited in between.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

#[derive(Clone, Debug)]
pub struct Patience {
    /// How often something is tried in all. A try that brings a megabyte begins the count anew.
    pub tries: u32,
    /// The wait before the second try; each later one is twice as long.
    pub first_wait: Duration,
    /// The longest wait. A registry that asks for a longer one is given up.
    pub longest_wait: Duration,
    pub connect: Duration,
    /// How long nothing may pass before a connection counts as broken.
    pub silence: Duration,
    /// How long a registry may take to store a blob that it has wholly received.
    pub storing: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 6,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            connect: Duration::from_secs(15),
            silence: Duration::from_secs(60),
            storing: Duration::from_secs(300),
        }
    }
}

impl Patience {
    /// The wait after so many failures: a random time between half of the full one and all of it,
    /// so that many who failed at once do not come back at once.
    pub(crate) fn wait(&self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let full = self
            .first_wait
            .saturating_mul(doubled)
            .min(self.longest_wait);
        // The hasher's keys are the standard library's one source of randomness.
        let random = RandomState::new().build_hasher().finish() >> 32;
        #[expect(clippy::cast_precision_loss, reason = "any number will do")]
        let share = random as f64 / f64::from(u32::MAX);
        full.mul_f64(0.5 + share.clamp(0.0, 1.0) / 2.0)
    }
}

/// How long an answer asks to wait, in seconds or until a date. The date is compared with that of
/// the answer: the two clocks need not agree.
pub(crate) fn asked(headers: &HeaderMap) -> Option<Duration> {
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
    fn waits_double_up_to_the_longest_and_differ() {
        let patience = Patience::default();
        for (failures, full) in [
            (1, 500),
            (2, 1000),
            (5, 8000),
            (9, 60_000),
            (u32::MAX, 60_000),
        ] {
            let full = Duration::from_millis(full);
            for _ in 0..50 {
                let wait = patience.wait(failures);
                assert!(wait >= full / 2 && wait <= full, "{wait:?} of {full:?}");
            }
        }
        let waits = (0..20).map(|_| patience.wait(9));
        assert!(waits.collect::<std::collections::BTreeSet<_>>().len() > 1);
    }

    #[test]
    fn both_forms_of_a_wait_are_understood() {
        let headers = |date: &'static str, retry: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, date.parse().unwrap());
            headers.insert(RETRY_AFTER, retry.parse().unwrap());
            asked(&headers)
        };
        let now = "Fri, 31 Dec 1999 23:59:59 GMT";
        assert_eq!(headers(now, "120"), Some(Duration::from_secs(120)));
        let then = "Sat, 01 Jan 2000 00:00:29 GMT";
        assert_eq!(headers(now, then), Some(Duration::from_secs(30)));
        assert_eq!(headers(then, now), Some(Duration::ZERO));
        assert_eq!(headers(now, "-1"), None);
        assert_eq!(headers(now, "soon"), None);
        assert_eq!(headers("now", then), None);
        assert_eq!(asked(&HeaderMap::new()), None);
    }
}
