//! The operator's restrictions, with the real program and a real S3 server: the function accesses only the listed
//! bucket, with requests whose signatures include the expected owner, and gets no credentials from arbitrary addresses.

use anyhow::{Result, ensure};
use opencv_build::Sdk;
use package::function::Function;
use serde_json::{Value, json};

use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;

const BUCKET: &str = "photos";
const KEY: &str = "portrait.jpg";
/// An address reserved for documentation (RFC 5737).
const UNREACHABLE_ENDPOINT: &str = "http://192.0.2.1/credentials";

pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    let start = |environment: &[(&str, &str)]| -> Result<LocalLambda> {
        let lambda = LocalLambda::start(workspace, (sdk, function), Engine::None, environment)?;
        for bucket in [BUCKET, "others"] {
            lambda.storage.create_bucket(bucket)?;
            lambda.storage.put(bucket, KEY, function.package.sample_photo()?)?;
        }
        Ok(lambda)
    };
    let lambda = start(&[
        ("FACE_DETECT_BUCKETS", BUCKET),
        ("FACE_DETECT_EXPECTED_BUCKET_OWNER", "111122223333"),
    ])?;
    let faces = lambda.faces(BUCKET, KEY, &Value::Null)?;
    ensure!(faces.len() == 1, "expected one face, found {faces:?}");
    let direct = |bucket: &str, options: Value| json!({"BUCKET_NAME": bucket, "S3_KEY": KEY, "options": options});
    for (event, expected) in [
        (direct("others", json!({})), "BucketNotAllowed"),
        (direct(BUCKET, json!({"output_bucket": "others"})), "BucketNotAllowed"),
        (direct(BUCKET, json!({"buckets": "others"})), "InvalidOption"),
    ] {
        let response = lambda.invoke(&event)?;
        ensure!(
            response["errorType"] == expected,
            "the response to {event} is {response}, expected {expected}"
        );
    }
    let written = lambda.storage.keys("others")?;
    ensure!(written == [KEY], "the bucket that is not listed contains {written:?}");
    drop(lambda);

    let lambda = start(&[
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", UNREACHABLE_ENDPOINT),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token"),
    ])?;
    let response = lambda.invoke(&direct(BUCKET, json!({})))?;
    let message = response["errorMessage"].as_str().unwrap_or_default();
    ensure!(
        response["errorType"] == "StorageFailed" && message.contains("http://192.0.2.1"),
        "the response with credentials from {UNREACHABLE_ENDPOINT} is {response}"
    );
    Ok(())
}
