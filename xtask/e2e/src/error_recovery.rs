//! Invalid events get an error in Lambda's format that contains the cause, and the same process handles the next event.

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::Sdk;
use package::function::Function;
use serde_json::{Value, json};

use local::engine::Engine;
use local::test_local::{Arguments, test_requests};
use package::workspace::Workspace;

/// The bucket of the sample's event.
const BUCKET: &str = "photos";

pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    let arguments = Arguments {
        engine: Some(Engine::None),
        ..Arguments::default()
    };
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let text = folder.path().join("text.jpg");
    fs::write(&text, "not an image")?;
    let empty = folder.path().join("empty.jpg");
    fs::write(&empty, "")?;
    test_requests(workspace, sdk, function, &arguments, |output, lambda| {
        output?;
        lambda.storage.put(BUCKET, "text.jpg", &text)?;
        lambda.storage.put(BUCKET, "empty.jpg", &empty)?;
        let emulator = &lambda.emulator;
        let photo = |bucket: &str, key: &str| json!({"BUCKET_NAME": bucket, "S3_KEY": key});
        let bad = [
            (photo(BUCKET, "absent.jpg"), "ObjectNotFound", "s3://photos/absent.jpg"),
            (photo("no-such-bucket", "a.jpg"), "BucketNotFound", "no-such-bucket"),
            (photo(BUCKET, "text.jpg"), "NotAnImage", "s3://photos/text.jpg"),
            (photo(BUCKET, "empty.jpg"), "NotAnImage", "s3://photos/empty.jpg"),
            (photo(BUCKET, "../../etc/passwd"), "ObjectNotFound", "../../etc/passwd"),
            (json!({"BUCKET_NAME": BUCKET}), "InvalidRequest", "S3_KEY"),
            (json!([1, 2]), "UnknownEvent", "BUCKET_NAME"),
        ];
        let first = faces_of(&emulator.invoke(&photo(BUCKET, "eileen-collins.jpg"))?)?;
        for (event, kind, named) in bad {
            let response = emulator.invoke(&event)?;
            let field = |name: &str| response.get(name).and_then(Value::as_str).unwrap_or_default();
            ensure!(
                field("errorType") == kind && field("errorMessage").contains(named),
                "the response to {event} is {response}, expected {kind} with {named}"
            );
            let again = faces_of(&emulator.invoke(&photo(BUCKET, "eileen-collins.jpg"))?)?;
            ensure!(
                again == first,
                "after {event}, the response to a valid event is {again}"
            );
        }
        let starts = emulator.start_count();
        ensure!(
            starts == 1,
            "the function was started {starts} times:\n{}",
            emulator.log()
        );
        Ok(())
    })
}

fn faces_of(response: &Value) -> Result<Value> {
    let faces = response.pointer("/body/faces").cloned();
    faces.with_context(|| format!("the response to a valid event has no faces: {response}"))
}
