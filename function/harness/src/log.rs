//! Structured log lines, one JSON object each, and CloudWatch's embedded metrics. About the content of a photo they
//! contain only its size and the numbers in the answer.

use std::fmt::Write as _;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::truncate::truncate;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Info,
    Error,
}

const MAX_PANIC_CHARS: usize = 500;

#[derive(Clone, Debug)]
pub struct Log {
    request_id: String,
    min_level: Level,
}

tokio::task_local! {
    /// Lambda's ID of the event that is handled, for the log lines of panics.
    static REQUEST_ID: String;
}

/// Runs `work`, whose panics are logged with this ID.
pub async fn for_request<T>(request_id: String, work: impl Future<Output = T>) -> T {
    REQUEST_ID.scope(request_id, work).await
}

/// As [`for_request`], on a thread of its own.
pub fn for_request_blocking<T>(request_id: String, work: impl FnOnce() -> T) -> T {
    REQUEST_ID.sync_scope(request_id, work)
}

impl Log {
    /// `level` is the value of `AWS_LAMBDA_LOG_LEVEL`.
    pub fn new(request_id: String, level: Option<&str>) -> Self {
        let min_level = match level {
            Some("WARN" | "ERROR" | "FATAL") => Level::Error,
            _ => Level::Info,
        };
        Self { request_id, min_level }
    }

    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    pub fn write(&self, level: Level, message: &str, fields: Value) {
        if level >= self.min_level {
            print(&self.line(level, message, fields));
        }
    }

    /// The first four names are those of Lambda's own JSON log lines. Source: AWS Lambda Developer Guide,
    /// "Log and monitor", JSON log format.
    fn line(&self, level: Level, message: &str, fields: Value) -> Value {
        let mut line = json!({
            "timestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            "level": match level { Level::Info => "INFO", Level::Error => "ERROR" },
            "message": message,
            "requestId": self.request_id,
        });
        if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields) {
            line.extend(fields);
        }
        line
    }
}

/// The metrics of one invocation.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// The number of photos without `failures`.
    pub photos: usize,
    pub failures: usize,
    /// What answers count, in the singular, with its number in all photos.
    pub counts: Vec<(&'static str, usize)>,
    pub process_times: Vec<Duration>,
}

impl Metrics {
    /// Writes nothing if there was no photo.
    /// `time_metric` is the name of the metric of the times.
    pub fn write(&self, namespace: &str, function_name: &str, time_metric: &str) {
        if self.photos + self.failures == 0 {
            return;
        }
        let now = Utc::now().timestamp_millis();
        print(&self.line(namespace, function_name, time_metric, now));
    }

    /// Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".
    fn line(&self, namespace: &str, function_name: &str, time_metric: &str, now: i64) -> Value {
        // The format allows at most 100 values per metric.
        let times = self.process_times.iter().take(100).copied();
        let times: Vec<_> = times.map(milliseconds).collect();
        let mut metrics = vec![
            ("Photos".to_owned(), "Count", json!(self.photos)),
            ("FailedPhotos".to_owned(), "Count", json!(self.failures)),
        ];
        let counts = self.counts.iter();
        metrics.extend(counts.map(|(singular, number)| (metric_name(singular), "Count", json!(number))));
        metrics.push((time_metric.to_owned(), "Milliseconds", times.into()));
        let definitions = metrics.iter();
        let definitions: Vec<_> = definitions
            .map(|(name, unit, _)| json!({"Name": name, "Unit": unit}))
            .collect();
        let mut line = json!({
            "_aws": {
                "Timestamp": now,
                "CloudWatchMetrics": [{
                    "Namespace": namespace,
                    "Dimensions": [["FunctionName"]],
                    "Metrics": definitions,
                }],
            },
            "FunctionName": function_name,
        });
        for (name, _, value) in metrics {
            line[&name] = value;
        }
        line
    }
}

/// `Faces` for `face`.
fn metric_name(singular: &str) -> String {
    let mut letters = singular.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['s']).collect()
}

/// Rounded to one decimal.
pub fn milliseconds(time: Duration) -> Value {
    json!((time.as_secs_f64() * 1e4).round() / 10.0)
}

/// Logs the location of a panic for operators; the caller gets [`InternalError`](crate::error::Error::InternalError).
pub fn panic_hook(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string);
    let message = panic.payload_as_str().unwrap_or_default();
    let fields = json!({"location": location, "error": truncate(message, MAX_PANIC_CHARS)});
    Log::new(current_request_id(), None).write(Level::Error, "panicked", fields);
}

fn current_request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// Escapes more than JSON requires: some log readers treat other control characters as line ends, and terminals
/// interpret some as commands. They can only occur in strings, where escapes are valid.
fn escape(line: &Value) -> String {
    let mut text = String::new();
    for letter in line.to_string().chars() {
        if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') {
            // Their code points have at most four hex digits. Writing to a `String` cannot fail.
            let _ = write!(text, "\\u{:04x}", u32::from(letter));
        } else {
            text.push(letter);
        }
    }
    text
}

fn print(line: &Value) {
    let line = escape(line);
    if cfg!(any(test, feature = "testing")) {
        // The test harness captures `println!` only.
        println!("{line}");
        return;
    }
    // A log that cannot be written must not fail the invocation.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_line_has_lambdas_fields_and_its_own() {
        let log = Log::new("r".to_owned(), None);
        let line = log.line(Level::Info, "photo", json!({"faces": 2}));
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["requestId"], "r");
        assert_eq!(line["faces"], 2);
        let time = line["timestamp"].as_str().unwrap();
        chrono::DateTime::parse_from_rfc3339(time).unwrap();
        assert!(Log::new(String::new(), Some("ERROR")).min_level > Level::Info);
    }

    #[test]
    fn object_keys_cannot_inject_log_lines() {
        let key = "a\n{\"level\":\"INFO\"}\r\u{b}\u{85}\u{9b}31m\u{2028}\u{2029}\u{7f}\u{1b}[2J\0 caf\u{e9}";
        let log = Log::new("r".to_owned(), None);
        let line = log.line(Level::Info, "photo", json!({"object": key}));
        let text = escape(&line);
        assert!(text.chars().all(|letter| !letter.is_control()), "{text}");
        assert!(!text.contains(['\u{2028}', '\u{2029}']), "{text}");
        let back: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back, line);
    }

    #[test]
    fn declared_metrics_have_values() {
        let metrics = Metrics {
            photos: 2,
            counts: vec![("face", 3)],
            process_times: vec![Duration::from_micros(1234), Duration::from_millis(5)],
            ..Metrics::default()
        };
        let line = metrics.line("Photos", "face-detect", "DetectionTime", 1);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Photos");
        let declared = directive["Metrics"].as_array().unwrap();
        assert!(!declared.is_empty());
        for metric in declared {
            let value = &line[metric["Name"].as_str().unwrap()];
            assert!(value.is_number() || value.is_array(), "{metric}");
        }
        for dimension in directive["Dimensions"][0].as_array().unwrap() {
            assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension}");
        }
        assert_eq!(line["DetectionTime"], json!([1.2, 5.0]));
        assert_eq!(line["Faces"], 3);
    }

    #[tokio::test]
    async fn panics_have_the_id_of_their_event() {
        let event = |id: &'static str| {
            for_request(id.to_owned(), async move {
                tokio::task::yield_now().await;
                let inner = for_request_blocking(format!("{id}, thread"), current_request_id);
                (current_request_id(), inner)
            })
        };
        let (first, second) = futures_util::future::join(event("first"), event("second")).await;
        assert_eq!(first, ("first".to_owned(), "first, thread".to_owned()));
        assert_eq!(second, ("second".to_owned(), "second, thread".to_owned()));
        assert_eq!(current_request_id(), "");
    }
}
