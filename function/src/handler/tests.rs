//! Events of every shape through the whole function, with photos in a folder and a stand-in for
//! OpenCV that finds one face in every photo.

mod http;
mod preparing;
mod privilege;
mod site;

use std::fs;

use serde_json::{Value, json};

use self::site::{Site, png};

fn created(key: &str) -> Value {
    created_in("b", key)
}

fn created_in(bucket: &str, key: &str) -> Value {
    json!({
        "version": "0", "detail-type": "Object Created", "source": "aws.s3",
        "detail": {"bucket": {"name": bucket}, "object": {"key": key}},
    })
}

fn queue(name: &str, keys: &[&str]) -> Value {
    let message = |key: &&str| {
        json!({
            "messageId": key, "body": created(key).to_string(), "eventSource": "aws:sqs",
            "attributes": {}, "messageAttributes": {},
            "eventSourceARN": format!("arn:aws:sqs:us-east-1:111122223333:{name}"),
        })
    };
    json!({"Records": keys.iter().map(message).collect::<Vec<_>>()})
}

#[tokio::test]
async fn a_direct_event_is_answered_as_the_original_did() {
    let site = Site::new();
    let event = json!({"BUCKET_NAME": "b", "S3_KEY": "one.png"});
    let answer = site.ask(event).await.unwrap();
    let message = answer["body"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Find 1 face(s),image saved to file://"),
        "{message}"
    );
    assert!(message.ends_with("/b/one.png_rs.jpg"), "{message}");
    assert_eq!(fs::read(site.path("one.png_rs.jpg")).unwrap(), [95]);
}

#[tokio::test]
async fn options_of_the_event_say_what_is_written() {
    let site = Site::new();
    let options = json!({"output": "both", "output_key": "x{key}_rs.jpg", "jpeg_quality": 50});
    let event = json!({"BUCKET_NAME": "b", "S3_KEY": "one.png", "options": options});
    site.ask(event).await.unwrap();
    assert_eq!(site.written(), ["xone.png_rs.jpg", "xone.png_rs.json"]);
    assert_eq!(fs::read(site.path("xone.png_rs.jpg")).unwrap(), [50]);
    let sidecar = fs::read(site.path("xone.png_rs.json")).unwrap();
    let sidecar: Value = serde_json::from_slice(&sidecar).unwrap();
    assert_eq!(sidecar["photo"]["width"], 300);
    assert_eq!(sidecar["faces"][0]["box"], json!([1, 2, 3, 4]));
    assert_eq!(sidecar["options"]["preset"], "original");
}

#[tokio::test]
async fn a_failed_photo_has_its_name() {
    let site = Site::new();
    for (key, expected) in [
        ("absent.png", "ObjectNotFound"),
        ("text.png", "NotAnImage"),
        ("cursed.png", "PhotoDamaged"),
        ("../../etc/passwd", "InvalidRequest"),
    ] {
        let event = json!({"BUCKET_NAME": "b", "S3_KEY": key});
        let error = site.ask(event).await.unwrap_err();
        assert_eq!(error.name(), expected, "{error}");
        assert!(error.to_string().contains(key), "{error}");
    }
    assert!(site.written().is_empty());
}

#[tokio::test]
async fn limits_are_the_operators() {
    let event = || json!({"BUCKET_NAME": "b", "S3_KEY": "one.png"});
    for (name, value, expected) in [
        ("FACE_DETECT_MAX_BYTES", "10", "PhotoTooLarge"),
        ("FACE_DETECT_MAX_PIXELS", "29999", "TooManyPixels"),
        ("FACE_DETECT_MAX_PIXELS", "many", "InvalidOption"),
    ] {
        let error = Site::new().set(name, value).ask(event()).await.unwrap_err();
        assert_eq!(error.name(), expected, "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[tokio::test]
async fn its_own_output_is_left_alone() {
    let site = Site::new();
    site.put("one.png_rs.jpg", &png(300));
    let answer = site.ask(created("one.png_rs.jpg")).await.unwrap();
    assert!(answer["photos"][0]["skipped"].is_string(), "{answer}");
    assert_eq!(site.written(), ["one.png_rs.jpg"]);

    let unguarded = Site::new().set("FACE_DETECT_LOOP_GUARD", "false");
    unguarded.put("one.png_rs.jpg", &png(300));
    unguarded.ask(created("one.png_rs.jpg")).await.unwrap();
    assert_eq!(
        unguarded.written(),
        ["one.png_rs.jpg", "one.png_rs.jpg_rs.jpg"]
    );

    // In another bucket any key may be the function's, and this one is not another.
    let elsewhere = Site::new().set("FACE_DETECT_OUTPUT_BUCKET", "c");
    elsewhere.put("one.png_rs.jpg", &png(300));
    fs::create_dir(elsewhere.folder.path().join("c")).unwrap();
    let answer = elsewhere.ask(created("one.png_rs.jpg")).await.unwrap();
    assert!(answer["photos"][0]["faces"].is_array(), "{answer}");
}

#[tokio::test]
async fn a_notification_fails_if_a_photo_does() {
    let site = Site::new();
    let answer = site.ask(created("one.png")).await.unwrap();
    assert_eq!(answer["photos"][0]["faces"][0]["box"], json!([1, 2, 3, 4]));
    let error = site.ask(created("text.png")).await.unwrap_err();
    assert_eq!(error.name(), "NotAnImage");
    let answer = site.ask(json!({"Event": "s3:TestEvent"})).await.unwrap();
    assert_eq!(answer, json!({"photos": []}));
}

#[tokio::test]
async fn messages_fail_alone_and_in_a_fifo_queue_with_all_after_them() {
    let keys = ["one.png", "text.png", "two.png", "three.png"];
    let failed = |answer: &Value| {
        let failures = answer["batchItemFailures"].as_array().unwrap();
        let id = |failure: &Value| failure["itemIdentifier"].as_str().unwrap().to_owned();
        failures.iter().map(id).collect::<Vec<_>>()
    };
    let site = Site::new();
    let answer = site.ask(queue("photos", &keys)).await.unwrap();
    assert_eq!(failed(&answer), ["text.png"]);
    assert_eq!(
        site.written(),
        ["one.png_rs.jpg", "three.png_rs.jpg", "two.png_rs.jpg"]
    );

    let site = Site::new();
    let answer = site.ask(queue("photos.fifo", &keys)).await.unwrap();
    assert_eq!(failed(&answer), ["text.png", "two.png", "three.png"]);
    assert_eq!(site.written(), ["one.png_rs.jpg"]);
}

#[tokio::test]
async fn tasks_of_a_job_have_its_arguments() {
    let job = |arguments: Value| {
        let task = |key: &str| json!({"taskId": key, "s3Key": key, "s3Bucket": "b"});
        json!({
            "invocationSchemaVersion": "2.0", "invocationId": "i",
            "job": {"id": "j", "userArguments": arguments},
            "tasks": [task("one.png"), task("text.png")],
        })
    };
    let codes = |answer: &Value| {
        let results = answer["results"].as_array().unwrap();
        let code = |result: &Value| result["resultCode"].as_str().unwrap().to_owned();
        results.iter().map(code).collect::<Vec<_>>()
    };
    let site = Site::new();
    let answer = site.ask(job(json!({"output": "sidecar"}))).await.unwrap();
    assert_eq!(codes(&answer), ["Succeeded", "PermanentFailure"]);
    assert_eq!(site.written(), ["one.png_rs.json"]);

    let answer = site.ask(job(json!({"output": "loud"}))).await.unwrap();
    assert_eq!(codes(&answer), ["PermanentFailure", "PermanentFailure"]);
    let text = answer["results"][0]["resultString"].as_str().unwrap();
    assert!(text.starts_with("InvalidOption: `output`"), "{text}");
}
