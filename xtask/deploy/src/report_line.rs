//! Lambda's report of an invocation, from the text or the JSON format of its log lines.
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub request_id: String,
    /// Without the initialisation.
    pub duration_ms: f64,
    /// With the billed part of the initialisation or the restoration. Managed Instances do not report it.
    pub billed_ms: Option<f64>,
    pub memory_size_mb: Option<f64>,
    pub max_memory_mb: Option<f64>,
    /// Of cold starts on demand.
    pub init_ms: Option<f64>,
    /// Of cold starts with SnapStart.
    pub restore_ms: Option<f64>,
    pub billed_restore_ms: Option<f64>,
    /// The name of the error that ended the invocation, such as `timeout` or `Runtime.ExitError`. Errors that the
    /// function returns are not among these.
    pub failure: Option<String>,
}

/// The `record` of `platform.report`.
/// <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-report>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    request_id: String,
    metrics: Metrics,
    #[serde(default)]
    status: String,
    error_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    duration_ms: f64,
    billed_duration_ms: Option<f64>,
    #[serde(rename = "memorySizeMB")]
    memory_size_mb: Option<f64>,
    #[serde(rename = "maxMemoryUsedMB")]
    max_memory_used_mb: Option<f64>,
    init_duration_ms: Option<f64>,
    restore_duration_ms: Option<f64>,
    billed_restore_duration_ms: Option<f64>,
}

impl Report {
    /// `None` if the line is not a report.
    pub fn parse(line: &str) -> Option<Self> {
        match line.trim_start().strip_prefix("REPORT RequestId: ") {
            Some(rest) => Self::from_text(rest),
            None => Self::from_json(&serde_json::from_str(line).ok()?),
        }
    }

    /// The last report in the text of several lines.
    pub fn last_in(text: &str) -> Option<Self> {
        text.lines().rev().find_map(Self::parse)
    }

    /// Fields are separated by tabs; those of X-Ray follow on a line of their own.
    fn from_text(rest: &str) -> Option<Self> {
        let line = rest.lines().next()?;
        let (request_id, fields) = line.split_once('\t')?;
        let value = |name: &str| {
            let mut fields = fields.split('\t').filter_map(|field| field.trim().split_once(": "));
            fields.find_map(|(known, value)| (known == name).then_some(value))
        };
        let number = |name: &str| value(name)?.split(' ').next()?.parse::<f64>().ok();
        Some(Self {
            request_id: request_id.trim().to_owned(),
            duration_ms: number("Duration")?,
            billed_ms: number("Billed Duration"),
            memory_size_mb: number("Memory Size"),
            max_memory_mb: number("Max Memory Used"),
            init_ms: number("Init Duration"),
            restore_ms: number("Restore Duration"),
            billed_restore_ms: number("Billed Restore Duration"),
            failure: failure(value("Status").unwrap_or_default(), value("Error Type")),
        })
    }

    fn from_json(line: &Value) -> Option<Self> {
        if line["type"] != "platform.report" {
            return None;
        }
        let Record {
            request_id,
            metrics,
            status,
            error_type,
        } = Record::deserialize(&line["record"]).ok()?;
        Some(Self {
            request_id,
            duration_ms: metrics.duration_ms,
            billed_ms: metrics.billed_duration_ms,
            memory_size_mb: metrics.memory_size_mb,
            max_memory_mb: metrics.max_memory_used_mb,
            init_ms: metrics.init_duration_ms,
            restore_ms: metrics.restore_duration_ms,
            billed_restore_ms: metrics.billed_restore_duration_ms,
            failure: failure(&status, error_type.as_deref()),
        })
    }

    pub fn is_cold(&self) -> bool {
        self.start_ms().is_some()
    }

    /// Of the initialisation or the restoration before the invocation, if there was one.
    pub fn start_ms(&self) -> Option<f64> {
        self.init_ms.or(self.restore_ms)
    }

    /// With the initialisation or the restoration.
    pub fn total_ms(&self) -> f64 {
        self.duration_ms + self.start_ms().unwrap_or(0.0)
    }
}

fn failure(status: &str, error_type: Option<&str>) -> Option<String> {
    match status {
        "" | "success" => None,
        "error" => Some(error_type.unwrap_or("error").to_owned()),
        // `timeout` or `failure`.
        other => Some(error_type.filter(|_| other == "failure").unwrap_or(other).to_owned()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
