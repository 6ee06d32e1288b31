//! Events of every type, with photos in a folder and a fake detector instead of OpenCV.

mod fixture;
mod http;
mod permissions;
mod prepare;

use std::fs;

use serde_json::{Value, json};

use self::fixture::{FunctionFixture, png};

fn object_created(key: &str) -> Value {
    object_created_in("b", key)
}

fn object_created_in(bucket: &str, key: &str) -> Value {
    json!({
        "version": "0", "detail-type": "Object Created", "source": "aws.s3",
        "detail": {"bucket": {"name": bucket}, "object": {"key": key}},
    })
}

fn queue_event(name: &str, keys: &[&str]) -> Value {
    let message = |key: &&str| {
        json!({
            "messageId": key, "body": object_created(key).to_string(), "eventSource": "aws:sqs",
            "attributes": {}, "messageAttributes": {},
            "eventSourceARN": format!("arn:aws:sqs:us-east-1:111122223333:{name}"),
        })
    };
    json!({"Records": keys.iter().map(message).collect::<Vec<_>>()})
}

#[tokio::test]
async fn direct_event_gets_the_python_originals_response() {
    let fixture = FunctionFixture::new();
    let event = json!({"BUCKET_NAME": "b", "S3_KEY": "one.png"});
    let response = fixture.invoke(event).await.unwrap();
    let message = response["body"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Find 1 face(s),image saved to file://"),
        "{message}"
    );
    assert!(message.ends_with("/b/one.png_rs.jpg"), "{message}");
    assert_eq!(fs::read(fixture.object_path("one.png_rs.jpg")).unwrap(), [95]);
}

#[tokio::test]
async fn event_options_select_the_output() {
    let fixture = FunctionFixture::new();
    let options = json!({"output": "both", "output_key": "x{key}_rs.jpg", "jpeg_quality": 50});
    let event = json!({"BUCKET_NAME": "b", "S3_KEY": "one.png", "options": options});
    fixture.invoke(event).await.unwrap();
    assert_eq!(fixture.written_keys(), ["xone.png_rs.jpg", "xone.png_rs.json"]);
    assert_eq!(fs::read(fixture.object_path("xone.png_rs.jpg")).unwrap(), [50]);
    let sidecar = fs::read(fixture.object_path("xone.png_rs.json")).unwrap();
    let sidecar: Value = serde_json::from_slice(&sidecar).unwrap();
    assert_eq!(sidecar["photo"]["width"], 300);
    assert_eq!(sidecar["faces"][0]["box"], json!([1, 2, 3, 4]));
    assert_eq!(sidecar["options"]["preset"], "original");
}

#[tokio::test]
async fn photo_errors_name_their_type_and_key() {
    let fixture = FunctionFixture::new();
    for (key, expected) in [
        ("absent.png", "ObjectNotFound"),
        ("text.png", "NotAnImage"),
        ("damaged.png", "PhotoDamaged"),
        ("../../etc/passwd", "InvalidRequest"),
    ] {
        let event = json!({"BUCKET_NAME": "b", "S3_KEY": key});
        let error = fixture.invoke(event).await.unwrap_err();
        assert_eq!(error.name(), expected, "{error}");
        assert!(error.to_string().contains(key), "{error}");
    }
    assert!(fixture.written_keys().is_empty());
}

#[tokio::test]
async fn limits_come_from_the_environment() {
    let event = || json!({"BUCKET_NAME": "b", "S3_KEY": "one.png"});
    for (name, value, expected) in [
        ("FACE_DETECT_MAX_BYTES", "10", "PhotoTooLarge"),
        ("FACE_DETECT_MAX_PIXELS", "29999", "TooManyPixels"),
        ("FACE_DETECT_MAX_PIXELS", "many", "InvalidOption"),
    ] {
        let error = FunctionFixture::new()
            .with_variable(name, value)
            .invoke(event())
            .await
            .unwrap_err();
        assert_eq!(error.name(), expected, "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[tokio::test]
async fn own_output_is_skipped() {
    let fixture = FunctionFixture::new();
    fixture.put_object("one.png_rs.jpg", &png(300));
    let response = fixture.invoke(object_created("one.png_rs.jpg")).await.unwrap();
    assert!(response["photos"][0]["skipped"].is_string(), "{response}");
    assert_eq!(fixture.written_keys(), ["one.png_rs.jpg"]);

    let unguarded = FunctionFixture::new().with_variable("FACE_DETECT_LOOP_GUARD", "false");
    unguarded.put_object("one.png_rs.jpg", &png(300));
    unguarded.invoke(object_created("one.png_rs.jpg")).await.unwrap();
    assert_eq!(unguarded.written_keys(), ["one.png_rs.jpg", "one.png_rs.jpg_rs.jpg"]);

    // With another output bucket, a key in this bucket does not mark output.
    let other_bucket = FunctionFixture::new().with_variable("FACE_DETECT_OUTPUT_BUCKET", "c");
    other_bucket.put_object("one.png_rs.jpg", &png(300));
    fs::create_dir(other_bucket.folder.path().join("c")).unwrap();
    let response = other_bucket.invoke(object_created("one.png_rs.jpg")).await.unwrap();
    assert!(response["photos"][0]["faces"].is_array(), "{response}");
}

#[tokio::test]
async fn notification_fails_if_any_photo_fails() {
    let fixture = FunctionFixture::new();
    let response = fixture.invoke(object_created("one.png")).await.unwrap();
    assert_eq!(response["photos"][0]["faces"][0]["box"], json!([1, 2, 3, 4]));
    let error = fixture.invoke(object_created("text.png")).await.unwrap_err();
    assert_eq!(error.name(), "NotAnImage");
    let response = fixture.invoke(json!({"Event": "s3:TestEvent"})).await.unwrap();
    assert_eq!(response, json!({"photos": []}));
}

#[tokio::test]
async fn message_fails_alone_or_with_all_later_ones_in_a_fifo_queue() {
    let keys = ["one.png", "text.png", "two.png", "three.png"];
    let failed = |response: &Value| {
        let failures = response["batchItemFailures"].as_array().unwrap();
        let id = |failure: &Value| failure["itemIdentifier"].as_str().unwrap().to_owned();
        failures.iter().map(id).collect::<Vec<_>>()
    };
    let fixture = FunctionFixture::new();
    let response = fixture.invoke(queue_event("photos", &keys)).await.unwrap();
    assert_eq!(failed(&response), ["text.png"]);
    assert_eq!(
        fixture.written_keys(),
        ["one.png_rs.jpg", "three.png_rs.jpg", "two.png_rs.jpg"]
    );

    let fixture = FunctionFixture::new();
    let response = fixture.invoke(queue_event("photos.fifo", &keys)).await.unwrap();
    assert_eq!(failed(&response), ["text.png", "two.png", "three.png"]);
    assert_eq!(fixture.written_keys(), ["one.png_rs.jpg"]);
}

#[tokio::test]
async fn batch_tasks_use_the_jobs_user_arguments() {
    let job = |arguments: Value| {
        let task = |key: &str| json!({"taskId": key, "s3Key": key, "s3Bucket": "b"});
        json!({
            "invocationSchemaVersion": "2.0", "invocationId": "i",
            "job": {"id": "j", "userArguments": arguments},
            "tasks": [task("one.png"), task("text.png")],
        })
    };
    let codes = |response: &Value| {
        let results = response["results"].as_array().unwrap();
        let code = |result: &Value| result["resultCode"].as_str().unwrap().to_owned();
        results.iter().map(code).collect::<Vec<_>>()
    };
    let fixture = FunctionFixture::new();
    let response = fixture.invoke(job(json!({"output": "sidecar"}))).await.unwrap();
    assert_eq!(codes(&response), ["Succeeded", "PermanentFailure"]);
    assert_eq!(fixture.written_keys(), ["one.png_rs.json"]);

    let response = fixture.invoke(job(json!({"output": "loud"}))).await.unwrap();
    assert_eq!(codes(&response), ["PermanentFailure", "PermanentFailure"]);
    let text = response["results"][0]["resultString"].as_str().unwrap();
    assert!(text.starts_with("InvalidOption: `output`"), "{text}");
}
