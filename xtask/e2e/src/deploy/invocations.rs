//! `cargo xtask invoke` and `cargo xtask logs` of a function that is deployed in MiniStack with a trigger.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use support::progress::print_status;

use super::account::Account;

/// The calls of one command.
const CALLS: &str = "3";

/// `prefix` is that of the trigger in `bucket`.
pub fn test(account: &Account, photo: &Path, bucket: &str, prefix: &str) -> Result<()> {
    print_status("invoking it, and its log");
    let photo = photo.to_str().context("the photo's path is not Unicode")?;
    let answer = account.xtask(&["invoke", photo])?;
    ensure!(answer["response"]["statusCode"] == 200, "the answer is {answer}");
    let url = text(&answer["photo"])?;
    let folder = format!("s3://{bucket}/{prefix}invoke-test/");
    ensure!(url.starts_with(&folder), "the photo was uploaded to {url}");
    let written = text(&answer["written"][0])?;
    let key = written.strip_prefix(&format!("s3://{bucket}/"));
    let key = key.with_context(|| format!("{written} was written"))?;
    account.head(bucket, key)?;

    let repeated = account.xtask(&["invoke", url, "--repeat", CALLS])?;
    ensure!(repeated["number"] == 3, "{CALLS} calls are {repeated}");
    let missing = format!("s3://{bucket}/{prefix}none.jpg");
    let error = account
        .xtask(&["invoke", &missing])
        .err()
        .context("a missing photo is not an error")?;
    let error = format!("{error:#}");
    ensure!(
        error.contains("the function failed: ObjectNotFound: "),
        "a missing photo is {error}"
    );

    account.put(bucket, "elsewhere.jpg", Path::new(photo))?;
    let elsewhere = format!("s3://{bucket}/elsewhere.jpg");
    let error = account
        .xtask(&["invoke", &elsewhere])
        .err()
        .context("the role reads photos that no trigger names")?;
    let error = format!("{error:#}");
    ensure!(
        error.contains("the function failed: AccessDenied: "),
        "a photo outside the trigger's prefix is {error}"
    );

    let log = account.xtask(&["logs", "--since", "1h"])?;
    let lines = log["lines"].as_array().context("the log has no lines")?;
    let photos = lines
        .iter()
        .filter(|line| line["kind"] == "photo" && line["object"] == url);
    ensure!(photos.count() >= 4, "photos are missing: {log}");
    let summary = &log["summary"];
    let errors = summary["errors"].as_array().into_iter().flatten();
    let errors: Vec<_> = errors.map(|group| (&group["name"], &group["number"])).collect();
    ensure!(
        errors
            == [
                (&"AccessDenied".into(), &1.into()),
                (&"ObjectNotFound".into(), &1.into())
            ],
        "the errors are {errors:?}"
    );
    let warm = &summary["invocations"]["warm"];
    ensure!(
        warm["number"].as_u64() >= Some(5) && warm["costOfMillion"].as_f64() > Some(0.2),
        "the invocations are {warm}"
    );
    Ok(())
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("{value} is not a string"))
}
