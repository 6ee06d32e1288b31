//! `cargo xtask batch` of a function that is deployed in MiniStack: with a stand-in for S3 Batch Operations, and through
//! a real queue.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use support::progress::print_status;

use super::account::Account;

/// Keys that manifests and messages must encode.
const ODD: &str = "archive/a+b %20,\"ü\".jpg";
const BROKEN: &str = "archive/broken.jpg";

/// The prefixes of the objects, which the function may read.
pub const PREFIXES: [&str; 2] = ["archive/", "queued/"];

/// Uploads the objects, before the function is deployed with triggers for them.
pub fn upload(account: &Account, photo: &Path, bucket: &str) -> Result<()> {
    account.put_text(bucket, "archive/", "")?;
    account.put_text(bucket, BROKEN, "no photo")?;
    account.put(bucket, ODD, photo)?;
    account.put_text(bucket, "queued/broken.jpg", "no photo")?;
    account.put(bucket, "queued/ü b+.jpg", photo)?;
    account.put(bucket, "private/a.jpg", photo)
}

/// A job for two objects and the marker of a folder. One object is broken.
pub fn test_job(account: &Account, bucket: &str) -> Result<()> {
    print_status("a job of S3 Batch Operations");
    let planned = account.xtask(&["batch", &format!("s3://{bucket}/private/"), "--dry-run"])?;
    ensure!(
        planned["done"] == false && planned["job"].is_null(),
        "a dry run: {planned}"
    );
    let note = planned["notes"][0].as_str().unwrap_or_default();
    ensure!(
        note.contains("does not permit the function to read"),
        "the note is {note}"
    );
    ensure!(account.roles()? == ["face-detect-role"], "a dry run made a role");

    let place = format!("s3://{bucket}/archive/");
    let (done, error) = account.xtask_failing(&["batch", &place, "--yes"])?;
    ensure!(error.contains("1 of 2 objects failed"), "the error is {error}");
    let listing = &done["listing"];
    ensure!(
        listing["number"] == 2 && listing["folders"] == 1,
        "the listing is {listing}"
    );
    let estimate = &done["estimate"];
    ensure!(
        estimate["seconds"].as_f64() > Some(0.0) && estimate["cost"].as_f64() > Some(0.25),
        "the estimate is {estimate}"
    );
    ensure!(done["notes"] == json!([]), "the notes are {}", done["notes"]);
    let job = &done["job"];
    ensure!(
        job["status"] == "Complete" && job["succeeded"] == 1 && job["failed"] == 1,
        "the job is {job}"
    );
    check_errors(&job["errors"], &format!("s3://{bucket}/{BROKEN}"))?;
    account.head(bucket, &format!("{ODD}_rs.jpg"))?;
    ensure!(
        account.roles()? == ["face-detect-batch", "face-detect-role"],
        "the roles are {:?}",
        account.roles()?
    );

    let id = job["id"].as_str().unwrap_or_default();
    let (again, _) = account.xtask_failing(&["batch", "--job", id])?;
    ensure!(again["job"] == *job, "the job is another one: {again}");
    Ok(())
}

/// There is one, of this object.
fn check_errors(errors: &Value, object: &str) -> Result<()> {
    let number = errors.as_array().map_or(0, Vec::len);
    let error = &errors[0];
    ensure!(
        number == 1 && error["number"] == 1 && error["object"] == object && error["name"] == "NotAnImage",
        "the errors are {errors}"
    );
    Ok(())
}

/// Two objects, one of them broken and then replaced.
pub fn test_queue(account: &Account, photo: &Path, bucket: &str) -> Result<()> {
    print_status("a bucket through the queue, and what failed once more");
    account.shorten_queue()?;
    let place = format!("s3://{bucket}/queued/");
    let (done, error) = account.xtask_failing(&["batch", &place, "--queue", "--duration", "100", "--yes"])?;
    ensure!(error.contains("1 of 2 messages failed"), "the error is {error}");
    let queue = &done["queue"];
    ensure!(queue["sent"] == 2 && queue["failed"] == 1, "the queue is {queue}");
    check_errors(&queue["errors"], &format!("s3://{bucket}/queued/broken.jpg"))?;

    account.put(bucket, "queued/broken.jpg", photo)?;
    let redriven = account.xtask(&["batch", "--redrive", "--yes"])?;
    let queue = &redriven["queue"];
    ensure!(
        queue["sent"] == 1 && queue["failed"] == 0 && queue["errors"] == json!([]),
        "redriven: {redriven}"
    );
    let listed = account.aws(&[
        "s3api",
        "list-objects-v2",
        "--bucket",
        bucket,
        "--prefix",
        "queued/",
        "--query",
        "Contents[].Key",
    ])?;
    let expected = [
        "queued/broken.jpg",
        "queued/broken.jpg_rs.jpg",
        "queued/ü b+.jpg",
        "queued/ü b+.jpg_rs.jpg",
    ];
    ensure!(listed == json!(expected), "the objects are {listed}");
    Ok(())
}
