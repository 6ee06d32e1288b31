//! Checks the function's log after events of every type, including photos that failed.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use local::s3::SECRET_KEY;

/// Fails if the log lacks a line that operators need, or contains a secret.
pub fn check(log: &str, metrics_namespace: &str) -> Result<()> {
    ensure!(!log.contains(SECRET_KEY), "a secret is in the log");
    let lines = log.lines().filter(|line| line.starts_with('{'));
    let lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).with_context(|| format!("not JSON: {line}")))
        .collect::<Result<_>>()?;
    let find = |field: &str, value: &str| lines.iter().find(|line| line[field] == value);
    // A photo in S3 has more steps than one in an event.
    let stored = |line: &&Value| line["object"].as_str().is_some_and(|url| url.starts_with("s3:"));
    let mut photos = lines.iter().filter(|line| line["message"] == "photo");
    let photo = photos.find(stored).context("no photo is in the log")?;
    for field in [
        "timestamp",
        "requestId",
        "object",
        "bytes",
        "width",
        "height",
        "faces",
        "eyes",
    ] {
        ensure!(!photo[field].is_null(), "a photo's line has no `{field}`: {photo}");
    }
    for step in ["download", "decode", "detect", "annotate", "upload"] {
        let time = &photo["milliseconds"][step];
        ensure!(time.is_number(), "a photo's line has no time for `{step}`: {photo}");
    }
    find("errorType", "NotAnImage").context("no failed photo is in the log")?;
    let namespace = "/_aws/CloudWatchMetrics/0/Namespace";
    let metrics = lines
        .iter()
        .filter(|line| line.pointer(namespace).is_some_and(|it| it == metrics_namespace));
    let faces: u64 = metrics.filter_map(|line| line["Faces"].as_u64()).sum();
    ensure!(faces > 0, "no metrics are in the log");
    Ok(())
}
