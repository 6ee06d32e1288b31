//! What the operator permits, by the real program and a real S3 server: the bucket that is listed, with requests
//! whose signatures hold with the expected owner in them, no other bucket, and no credentials from anywhere.

use anyhow::{Result, ensure};
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use serde_json::{Value, json};

use local::engine::Engine;
use local::site::Site;
use package::workspace::Workspace;

const BUCKET: &str = "photos";
const KEY: &str = "lena.jpg";
/// Where nobody's credentials are.
const ENDPOINT: &str = "http://192.0.2.1/credentials";

/// Tries all of it.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    let start = |environment: &[(&str, &str)]| -> Result<Site> {
        let site = Site::start(workspace, (sdk, binary), Engine::None, environment)?;
        for bucket in [BUCKET, "others"] {
            site.storage.create_bucket(bucket)?;
            let photo = sdk.path().join("share/samples").join(KEY);
            site.storage.put(bucket, KEY, &photo)?;
        }
        Ok(site)
    };
    let site = start(&[
        ("FACE_DETECT_BUCKETS", BUCKET),
        ("FACE_DETECT_EXPECTED_BUCKET_OWNER", "111122223333"),
    ])?;
    let faces = site.faces(BUCKET, KEY, &Value::Null)?;
    ensure!(faces.len() == 1, "{faces:?} are found");
    let direct = |bucket: &str, options: Value| json!({"BUCKET_NAME": bucket, "S3_KEY": KEY, "options": options});
    for (event, expected) in [
        (direct("others", json!({})), "BucketNotAllowed"),
        (
            direct(BUCKET, json!({"output_bucket": "others"})),
            "BucketNotAllowed",
        ),
        (
            direct(BUCKET, json!({"buckets": "others"})),
            "InvalidOption",
        ),
    ] {
        let answer = site.invoke(&event)?;
        ensure!(
            answer["errorType"] == expected,
            "{event} is answered by {answer}, and not by {expected}"
        );
    }
    let written = site.storage.keys("others")?;
    ensure!(
        written == [KEY],
        "the bucket that is not listed has {written:?}"
    );
    drop(site);

    let site = start(&[
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", ENDPOINT),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token"),
    ])?;
    let answer = site.invoke(&direct(BUCKET, json!({})))?;
    let message = answer["errorMessage"].as_str().unwrap_or_default();
    ensure!(
        answer["errorType"] == "StorageFailed" && message.contains("http://192.0.2.1"),
        "credentials from {ENDPOINT} are answered by {answer}"
    );
    Ok(())
}
