//! What is told of an invocation: a line for each photo, and the counts of all.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::log::{Level, Log, Metrics, milliseconds};
use crate::photo::Header;
use crate::text::cut;
use crate::vision::Seen;

/// The longest address of an object, in characters: what S3 permits, and what is around it.
const LONGEST: usize = 1200;

pub struct Report {
    log: Log,
    metrics: Mutex<Metrics>,
}

impl Report {
    pub fn new(log: Log) -> Self {
        Self {
            log,
            metrics: Mutex::default(),
        }
    }

    /// Tells of a photo that went well; `moved` is how long it took to come and go.
    pub fn seen(&self, of: &str, header: &Header, seen: &Seen, moved: &[(&str, Duration)]) {
        let eyes = seen.faces.iter().map(|face| face.eyes.len()).sum::<usize>();
        let mut metrics = self.metrics();
        metrics.photos += 1;
        metrics.faces += seen.faces.len();
        metrics.eyes += eyes;
        metrics.detect.push(seen.times.detect);
        drop(metrics);
        let looked = [
            ("decode", seen.times.decode),
            ("detect", seen.times.detect),
            ("annotate", seen.times.annotate),
        ];
        let times = moved.iter().chain(&looked);
        let times = times.map(|(step, time)| ((*step).to_owned(), milliseconds(*time)));
        let mut fields = json!({
            "object": cut(of, LONGEST), "bytes": header.bytes, "format": header.format,
            "width": seen.width, "height": seen.height,
            "faces": seen.faces.len(), "eyes": eyes,
            "milliseconds": times.collect::<Map<String, Value>>(),
        });
        if let Some(problem) = seen.annotated_error() {
            fields["annotatedError"] = json!(problem);
        }
        self.log.write(Level::Info, "photo", fields);
    }

    pub fn failed(&self, url: Option<&str>, error: &Error) {
        self.metrics().failures += 1;
        let fields = failure(url, error);
        self.log.write(Level::Error, "the photo failed", fields);
    }

    pub fn left_alone(&self, url: &str) {
        let fields = json!({"object": cut(url, LONGEST)});
        self.log
            .write(Level::Info, "left alone: this function wrote it", fields);
    }

    /// Tells of an event, or of so many photos of one, that was refused as a whole.
    pub fn refused(&self, photos: usize, error: &Error) {
        self.metrics().failures += photos;
        let fields = json!({"errorType": error.name(), "error": error.message()});
        self.log.write(Level::Error, "the event failed", fields);
    }

    pub fn metrics(&self) -> MutexGuard<'_, Metrics> {
        // Nothing panics with it.
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failure(url: Option<&str>, error: &Error) -> Value {
    json!({
        "object": url.map(|url| cut(url, LONGEST)), "errorType": error.name(),
        "error": error.message(), "temporary": error.is_temporary(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_short_whatever_was_sent() {
        let url = format!("s3://b/{}", "\u{1}".repeat(6_000_000));
        let fields = failure(Some(&url), &Error::ObjectNotFound(url.clone()));
        assert_eq!(fields["errorType"], "ObjectNotFound");
        assert!(fields.to_string().len() < 30_000);
        let key = "k".repeat(1024);
        let url = format!("s3://{}/{key}", "b".repeat(63));
        let fields = failure(Some(&url), &Error::NotTried);
        assert_eq!(fields["object"], url);
    }
}
