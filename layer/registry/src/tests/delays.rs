//! Registries that are busy, and say for how long.

use std::time::{Duration, Instant, SystemTime};

use super::super::{Error, ProgressEvent, resolve};
use super::contents::RegistryContents;
use super::fake::{FakeRegistry, Reply};
use super::noise;

/// A registry that is busy for the first requests, one for each reply.
fn busy(replies: Vec<Reply>) -> FakeRegistry {
    let contents = RegistryContents::image(&[noise(10)]);
    FakeRegistry::start(move |request, before| match replies.get(before) {
        Some(reply) => reply.clone(),
        None => contents.respond(request),
    })
}

fn in_seconds(seconds: u64) -> String {
    httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds))
}

#[test]
fn requested_delays_are_kept() {
    for status in [429, 503] {
        let replies = [
            Reply::new(status, "").with_header("retry-after", "1"),
            Reply::new(status, "")
                .with_header("retry-after", "Sat, 01 Jan 2000 00:00:01 GMT")
                .with_header("date", "Fri, 31 Dec 1999 23:59:59 GMT"),
            Reply::new(status, ""),
        ];
        for (reply, least) in replies.into_iter().zip([1000, 2000, 0]) {
            let registry = busy(vec![reply]);
            let start = Instant::now();
            resolve(&registry.image("")).unwrap();
            let took = start.elapsed();
            assert!(took >= Duration::from_millis(least), "{took:?}");
            assert!(took < Duration::from_secs(10), "{took:?}");
        }
    }
}

#[test]
fn delay_over_the_maximum_is_reported_at_once() {
    for after in ["4".to_owned(), "99999999".to_owned(), in_seconds(3600)] {
        let registry = busy(vec![Reply::new(429, "").with_header("retry-after", after.as_str()); 9]);
        let start = Instant::now();
        let error = resolve(&registry.image("")).unwrap_err();
        assert!(matches!(error, Error::RetriesExhausted { attempts: 1, .. }), "{error}");
        assert!(error.to_string().contains("; retry after "), "{error}");
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn total_of_all_delays_is_limited() {
    let registry = busy(vec![Reply::new(503, "").with_header("retry-after", "1"); 9]);
    let mut image = registry.image("");
    image.retry_policy.max_attempts = 100;
    image.retry_policy.max_total_delay = Duration::from_millis(2500);
    let start = Instant::now();
    let error = resolve(&image).unwrap_err();
    assert!(matches!(error, Error::RetriesExhausted { attempts: 3, .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[test]
fn delays_without_a_request_double() {
    // "0" and what is not a delay.
    let replies = ["0", "soon", "", "-1"].map(|after| Reply::new(503, "").with_header("retry-after", after));
    let registry = busy(replies.to_vec());
    let mut image = registry.image("");
    image.retry_policy.max_attempts = 5;
    image.retry_policy.initial_backoff = Duration::from_millis(40);
    let waits = std::cell::RefCell::new(Vec::new());
    super::super::pull(&image, tempfile::tempdir().unwrap().path(), None, &|event| {
        if let ProgressEvent::Retry { delay, .. } = event {
            waits.borrow_mut().push(delay.as_millis());
        }
    })
    .unwrap();
    let waits = waits.into_inner();
    assert_eq!((waits.len(), waits[0]), (4, 0), "{waits:?}");
    for (wait, full) in waits[1..].iter().zip([80, 160, 320]) {
        assert!((full / 2..=full).contains(wait), "{waits:?}");
    }
}
