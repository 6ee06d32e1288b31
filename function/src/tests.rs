//! Events of every type, with photos in a folder and a fake detector instead of OpenCV.

mod fixture;
mod http;
mod memory;
mod permissions;

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

#[tokio::test]
async fn unreadable_record_fails_the_invocation_but_not_the_other_photos() {
    let fixture = FunctionFixture::new();
    let record = |key: Option<&str>| json!({"s3": {"bucket": {"name": "b"}, "object": {"key": key}}});
    let records = [record(Some("one.png")), record(None), record(Some("two.png"))];
    let error = fixture.invoke(json!({"Records": records})).await.unwrap_err();
    assert_eq!(error.name(), "InvalidRequest", "{error}");
    assert_eq!(fixture.written_keys(), ["one.png_rs.jpg", "two.png_rs.jpg"]);
}

#[tokio::test]
async fn dead_letters_are_replayed_with_the_options_of_their_events() {
    let fixture = FunctionFixture::new();
    let direct = json!({"BUCKET_NAME": "b", "S3_KEY": "one.png", "options": {"output": "sidecar"}});
    let failed =
        json!({"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": object_created("two.png")});
    let forbidden = json!({"BUCKET_NAME": "b", "S3_KEY": "one.png", "options": {"max_bytes": 1}});
    let message =
        |event: &Value, id: &str| json!({"messageId": id, "eventSource": "aws:sqs", "body": event.to_string()});
    let records = [message(&direct, "1"), message(&failed, "2"), message(&forbidden, "3")];
    let response = fixture.invoke(json!({"Records": records})).await.unwrap();
    assert_eq!(response, json!({"batchItemFailures": [{"itemIdentifier": "3"}]}));
    assert_eq!(fixture.written_keys(), ["one.png_rs.json", "two.png_rs.jpg"]);

    let response = fixture.invoke(failed).await.unwrap();
    assert_eq!(response["photos"][0]["key"], "two.png");
}

#[tokio::test]
async fn items_of_a_state_machine_fail_alone_in_a_batch() {
    let fixture = FunctionFixture::new();
    fixture.put_object("own_rs.jpg", &png(300));
    let keys = ["one.png", "text.png", "a folder/", "own_rs.jpg"];
    let items = keys.map(|key| json!({"Key": key, "Size": 1, "Etag": "e"}));
    let input = json!({"bucket": "b", "options": {"output": "sidecar"}});
    let response = fixture
        .invoke(json!({"Items": items, "BatchInput": input}))
        .await
        .unwrap();
    let numbers = ["succeeded", "skipped", "failed"].map(|name| response[name].as_u64().unwrap());
    assert_eq!(numbers, [1, 2, 1], "{response}");
    assert_eq!(response["photos"][0]["faces"][0]["box"], json!([1, 2, 3, 4]));
    assert_eq!(response["photos"][1]["error"]["type"], "NotAnImage");
    assert_eq!(response["photos"][2]["skipped"], "it marks a folder");
    assert_eq!(fixture.written_keys(), ["one.png_rs.json", "own_rs.jpg"]);

    let single = |key: &str| json!({"Bucket": "b", "Key": key});
    let response = fixture.invoke(single("two.png")).await.unwrap();
    assert_eq!((&response["key"], &response["width"]), (&json!("two.png"), &json!(300)));
    let error = fixture.invoke(single("text.png")).await.unwrap_err();
    assert_eq!(error.name(), "NotAnImage");
}

#[tokio::test]
async fn delete_markers_of_an_inventory_are_skipped() {
    let fixture = FunctionFixture::new();
    let row = |is_delete_marker: &str| {
        json!({
            "Bucket": "b", "Key": "one.png", "IsLatest": "true", "IsDeleteMarker": is_delete_marker,
            "LastModifiedDate": "2026-01-01T00:00:00.000Z",
        })
    };
    let skipped = json!({"bucket": "b", "key": "one.png", "skipped": "it is a delete marker"});
    let response = fixture
        .invoke(json!({"Items": [row("true"), row("false")]}))
        .await
        .unwrap();
    assert_eq!(response["photos"][0], skipped);
    assert_eq!((&response["succeeded"], &response["skipped"]), (&json!(1), &json!(1)));
    assert_eq!(fixture.invoke(row("true")).await.unwrap(), skipped);
}

#[tokio::test]
async fn named_objects_and_items_have_options_of_their_own() {
    let fixture = FunctionFixture::new();
    let item = |key: &str, output: &str| json!({"Key": key, "options": {"output": output}});
    let items = [
        item("one.png", "annotated"),
        item("text.png", "none"),
        json!({"Key": "two.png"}),
    ];
    let input = json!({"bucket": "b", "options": {"output": "sidecar"}});
    let response = fixture
        .invoke(json!({"Items": items, "BatchInput": input}))
        .await
        .unwrap();
    assert_eq!(response["photos"][1]["error"]["type"], "InvalidOption", "{response}");
    assert_eq!(fixture.written_keys(), ["one.png_rs.jpg", "two.png_rs.json"]);

    let fixture = FunctionFixture::new();
    let named = json!({"bucket": "b", "key": "one.png", "options": {"output": "sidecar"}});
    fixture.invoke(named).await.unwrap();
    assert_eq!(fixture.written_keys(), ["one.png_rs.json"]);
    let named = json!({"bucket": "b", "key": "one.png", "options": {"output": "none"}});
    assert_eq!(fixture.invoke(named).await.unwrap_err().name(), "InvalidOption");
}

#[tokio::test]
async fn folder_is_a_successful_task_of_a_batch_job() {
    let fixture = FunctionFixture::new();
    let response = fixture.invoke(json!({
        "invocationSchemaVersion": "2.0", "invocationId": "i", "job": {"id": "j"},
        "tasks": [{"taskId": "t", "s3Key": "a+folder/", "s3Bucket": "b"}],
    }));
    let result = &response.await.unwrap()["results"][0];
    assert_eq!(result["resultCode"], "Succeeded");
    assert_eq!(result["resultString"], "skipped: it marks a folder");
}
