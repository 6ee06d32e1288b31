//! The log of an invocation: a line for each photo, and the totals.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::error::Error;
use crate::log::{Level, Log, Metrics, milliseconds};
use crate::photo::Header;
use crate::processor::Processed;
use crate::response::SkipReason;
use crate::texts::Texts;
use crate::truncate::truncate;

/// The maximum length of an object's URL, in characters: a bucket and key of S3's maximum lengths, and the rest of the
/// URL.
const MAX_OBJECT_CHARS: usize = 1200;

pub struct Report {
    log: Log,
    texts: Texts,
    metrics: Mutex<Metrics>,
}

impl Report {
    /// `A` is the function's answer, whose counts are metrics.
    pub fn new<A: Answer>(log: Log, texts: Texts) -> Self {
        let counts = A::COUNTED.iter().map(|singular| (*singular, 0)).collect();
        Self {
            log,
            texts,
            metrics: Mutex::new(Metrics {
                counts,
                ..Metrics::default()
            }),
        }
    }

    pub fn request_id(&self) -> &str {
        self.log.request_id()
    }

    /// `transfer_times` are the durations of download and upload, by name.
    pub fn photo_succeeded<A: Answer>(
        &self,
        url: &str,
        header: &Header,
        processed: &Processed<A>,
        transfer_times: &[(&str, Duration)],
    ) {
        let counts = processed.answer.counts();
        let mut metrics = self.metrics();
        metrics.photos += 1;
        for ((_, sum), number) in metrics.counts.iter_mut().zip(&counts) {
            *sum += number;
        }
        metrics.process_times.push(processed.times.process);
        drop(metrics);
        let own_times = [
            ("decode", processed.times.decode),
            (self.texts.process_step, processed.times.process),
            (self.texts.picture_step, processed.times.pictures),
        ];
        let times = transfer_times.iter().chain(&own_times);
        let times = times.map(|(step, time)| ((*step).to_owned(), milliseconds(*time)));
        let mut fields = json!({
            "object": truncate(url, MAX_OBJECT_CHARS), "bytes": header.file_bytes, "format": header.format,
            "width": processed.width, "height": processed.height,
            "milliseconds": times.collect::<Map<String, Value>>(),
        });
        for (singular, number) in A::COUNTED.iter().zip(counts) {
            fields[format!("{singular}s")] = json!(number);
        }
        for picture in &processed.pictures {
            if let Some(error) = picture.error() {
                fields[format!("{}Error", picture.name)] = json!(error);
            }
        }
        self.log.write(Level::Info, "photo", fields);
    }

    pub fn photo_failed(&self, url: Option<&str>, error: &Error) {
        self.metrics().failures += 1;
        let fields = failure_fields(url, error);
        self.log.write(Level::Error, "the photo failed", fields);
    }

    pub fn photo_skipped(&self, url: &str, reason: SkipReason) {
        let fields = json!({"object": truncate(url, MAX_OBJECT_CHARS)});
        self.log.write(Level::Info, &format!("skipped: {reason}"), fields);
    }

    /// An event, or `photos` of its photos, failed as a whole.
    pub fn event_failed(&self, photos: usize, error: &Error) {
        self.metrics().failures += photos;
        let fields = json!({"errorType": error.name(), "error": error.message()});
        self.log.write(Level::Error, "the event failed", fields);
    }

    pub fn metrics(&self) -> MutexGuard<'_, Metrics> {
        // Nothing panics while it holds the lock.
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failure_fields(url: Option<&str>, error: &Error) -> Value {
    json!({
        "object": url.map(|url| truncate(url, MAX_OBJECT_CHARS)), "errorType": error.name(),
        "error": error.message(), "temporary": error.is_temporary(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_urls_are_cut_in_log_lines() {
        let url = format!("s3://b/{}", "\u{1}".repeat(6_000_000));
        let fields = failure_fields(Some(&url), &Error::ObjectNotFound(url.clone()));
        assert_eq!(fields["errorType"], "ObjectNotFound");
        assert!(fields.to_string().len() < 30_000);
        let key = "k".repeat(1024);
        let url = format!("s3://{}/{key}", "b".repeat(63));
        let fields = failure_fields(Some(&url), &Error::NotTried);
        assert_eq!(fields["object"], url);
    }
}
