//! What commands changed, and what the function has done.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;
use support::progress::print_status;

use super::account::Account;
use super::names::BUCKET;

/// For the queue's poller, and a first start on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The resources that a run changed or would change, sorted.
pub fn changes(output: &Value) -> Vec<String> {
    let steps = output["steps"].as_array().into_iter().flatten();
    let changed = steps.filter(|step| step["change"] != "leave");
    let mut resources: Vec<_> = changed
        .filter_map(|step| step["resource"].as_str().map(str::to_owned))
        .collect();
    resources.sort();
    resources
}

/// Uploads the photo, and whether its annotated version appears.
pub fn processed(account: &Account, key: &str, photo: &Path) -> Result<bool> {
    account.put(BUCKET, key, photo)?;
    appears(account, &(key.to_owned() + "_rs.jpg"))
}

/// Whether there is an object of this key soon.
pub fn appears(account: &Account, key: &str) -> Result<bool> {
    let start = Instant::now();
    while start.elapsed() < TIMEOUT {
        if account
            .aws(&["s3api", "head-object", "--bucket", BUCKET, "--key", key])
            .is_ok()
        {
            return Ok(true);
        }
        sleep(Duration::from_millis(500));
    }
    let log = account
        .function_logs()
        .context("the upload was not processed, and the log cannot be read")?;
    print_status(&log);
    Ok(false)
}
