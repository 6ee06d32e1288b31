//! Every key that S3 allows, with the real program and the S3 server, which verifies signatures: a photo is read under
//! its exact key and the annotated photo is written beside it, whatever event named it.

use anyhow::{Context, Result, ensure};
use opencv_build::Sdk;
use package::function::Function;
use serde_json::{Value, json};
use support::progress::print_status;

use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;

const BUCKET: &str = "photos";
/// S3 keeps each as it is; programs that take keys for paths change or refuse them.
const KEYS: [&str; 16] = [
    "a//b.jpg",
    "/a.jpg",
    "//",
    ".",
    "..",
    "../photos/a.jpg",
    "a/./b/../c.jpg",
    "%2e%2e/a%2Fb",
    "a\\b",
    "a+b c",
    " ",
    "\u{1}\t\r\n\u{7f}",
    "?versionId=a&b#c",
    "*'()!~$,;:@=[]",
    "cafe\u{301} caf\u{e9}",
    "\u{65e5}\u{672c}\u{8a9e}/\u{1f600}",
];
/// The maximum length of a key, in bytes, less the length of `_rs.jpg`.
const LONGEST: usize = 1024 - 7;

pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    let lambda = LocalLambda::start(workspace, (sdk, function), Engine::None, &[])?;
    lambda.storage.create_bucket(BUCKET)?;
    let photo = fs_err::read(function.package.sample_photo()?)?;
    let long = "\u{30ab}".repeat(LONGEST / 3);
    let keys = KEYS.into_iter().chain([long.as_str()]);
    let mut tried = 0;
    for key in keys {
        lambda.storage.write(BUCKET, key, &photo)?;
        let annotated = format!("{key}_rs.jpg");
        // S3's console makes folders by such keys, so notifications of them are ignored.
        let events = events(key)
            .into_iter()
            .filter(|(kind, _)| *kind == "direct" || !key.ends_with('/'));
        for (kind, event) in events {
            let response = lambda.invoke(&event)?;
            let written = lambda.storage.get(BUCKET, &annotated);
            let written = written.with_context(|| format!("{kind} event of {key:?}, which got {response}"))?;
            ensure!(
                !written.is_empty(),
                "{kind} event of {key:?}: the annotated photo is empty"
            );
            lambda.storage.remove(BUCKET, &annotated)?;
            let left = lambda.storage.keys(BUCKET)?;
            ensure!(left == [key], "{kind} event of {key:?}: the bucket has {left:?}");
            tried += 1;
        }
        lambda.storage.remove(BUCKET, key)?;
    }
    print_status(&format!("{tried} events of unusual keys"));

    let too_long = "k".repeat(LONGEST + 1);
    lambda.storage.write(BUCKET, &too_long, &photo)?;
    let response = lambda.invoke(&json!({"BUCKET_NAME": BUCKET, "S3_KEY": too_long}))?;
    let message = response["errorMessage"].as_str().unwrap_or_default();
    ensure!(
        message.contains("1025 bytes") && message.contains("output_key"),
        "the response to a photo whose output would have too long a key is {response}"
    );
    Ok(())
}

fn events(key: &str) -> [(&'static str, Value); 5] {
    let encoded = form_encoded(key);
    let created = json!({
        "version": "0", "detail-type": "Object Created", "source": "aws.s3",
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": key}},
    });
    let notification = json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "awsRegion": "us-east-1",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "s3": {"bucket": {"name": BUCKET}, "object": {"key": encoded}},
    }]});
    let batch = json!({
        "invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"},
        "tasks": [{"taskId": "t", "s3Key": encoded, "s3BucketArn": format!("arn:aws:s3:::{BUCKET}")}],
    });
    let queued = json!({"Records": [
        {"messageId": "m", "eventSource": "aws:sqs", "body": notification.to_string()},
    ]});
    [
        ("direct", json!({"BUCKET_NAME": BUCKET, "S3_KEY": key})),
        ("S3", notification),
        ("SQS", queued),
        ("EventBridge", created),
        ("batch", batch),
    ]
}

/// A key as in S3's notifications and manifests.
fn form_encoded(key: &str) -> String {
    let encode = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    key.bytes().map(encode).collect()
}
