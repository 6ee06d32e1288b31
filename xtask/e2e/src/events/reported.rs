//! Events of public reports, as people and other tools really send them, if they are on this machine. Events of the
//! same kinds are also in `xtask/e2e/data/events`.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde_json::Value;
use support::progress::print_status;

use local::local_lambda::LocalLambda;

const BUCKET: &str = "photos";
const PHOTO: &str = "upright.png";

/// What the function must do.
enum Expected {
    /// Nothing, successfully.
    LeftAlone,
    /// A face in the photo with this key, and the annotated photo next to it.
    Annotated(&'static str),
    /// The same for a message of a queue.
    MessageSucceeded(&'static str),
    Page,
    /// The faces in the body of an HTTP response.
    Faces,
}

/// The events by the names of their files.
const EVENTS: [(&str, Expected); 8] = [
    ("s3-folder", Expected::LeftAlone),
    ("eventbridge-folder", Expected::LeftAlone),
    ("eventbridge-deleted", Expected::LeftAlone),
    ("s3-minimal-without-time", Expected::Annotated(PHOTO)),
    ("pipes-sqs-array", Expected::MessageSucceeded(PHOTO)),
    ("http-api-mapping-page", Expected::Page),
    ("rest-api-1.0", Expected::Faces),
    ("s3-key-double-slash", Expected::Annotated("2026//upright.png")),
];

/// Posts the events in `cases` to the function.
pub fn test(lambda: &LocalLambda, cases: &Path) -> Result<()> {
    let events = cases.join("events");
    if !events.is_dir() {
        let reason = "the events of reports are missing";
        print_status(&format!("skipped: {reason}: `{}`", events.display()));
        return Ok(());
    }
    let photo = fs::read(cases.join("photos").join(PHOTO))?;
    lambda.storage.create_bucket(BUCKET)?;
    for (_, expected) in &EVENTS {
        if let Expected::Annotated(key) | Expected::MessageSucceeded(key) = expected {
            lambda.storage.write(BUCKET, key, &photo)?;
        }
    }
    for (name, expected) in &EVENTS {
        let file = events.join(format!("{name}.json"));
        let event = serde_json::from_slice(&fs::read(&file)?).context("it is not JSON");
        let response = event.and_then(|event| lambda.invoke(&event));
        let checked = response.and_then(|response| check(lambda, expected, &response));
        checked.with_context(|| format!("the event `{}` failed", file.display()))?;
    }
    print_status(&format!("{} events of reports got the expected response", EVENTS.len()));
    Ok(())
}

fn check(lambda: &LocalLambda, expected: &Expected, response: &Value) -> Result<()> {
    let photos = response["photos"].as_array().map(Vec::len);
    let (is_right, written) = match expected {
        Expected::LeftAlone => (photos == Some(0), None),
        Expected::Annotated(key) => {
            let photo = &response["photos"][0];
            let faces = photo["faces"].as_array().map(Vec::len);
            (photos == Some(1) && photo["key"] == *key && faces == Some(1), Some(key))
        }
        Expected::MessageSucceeded(key) => {
            let failures = response["batchItemFailures"].as_array();
            (failures.is_some_and(Vec::is_empty), Some(key))
        }
        Expected::Page => {
            let kind = response["headers"]["content-type"].as_str().unwrap_or_default();
            (response["statusCode"] == 200 && kind.starts_with("text/html"), None)
        }
        Expected::Faces => {
            let body: Value = serde_json::from_str(response["body"].as_str().unwrap_or_default()).unwrap_or_default();
            let faces = body["faces"].as_array().map(Vec::len);
            (response["statusCode"] == 200 && faces == Some(1), None)
        }
    };
    let short: String = response.to_string().chars().take(500).collect();
    ensure!(is_right, "the response is {short}");
    let outputs: Vec<_> = lambda.storage.keys(BUCKET)?;
    let outputs: Vec<_> = outputs.into_iter().filter(|key| key.ends_with("_rs.jpg")).collect();
    let expected: Vec<_> = written.iter().map(|key| format!("{key}_rs.jpg")).collect();
    ensure!(outputs == expected, "it wrote {outputs:?}, expected {expected:?}");
    outputs.iter().try_for_each(|key| lambda.storage.remove(BUCKET, key))
}
