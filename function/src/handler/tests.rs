//! Events of every shape through the whole function, with photos in a folder and a stand-in for
//! OpenCV that finds one face in every photo.

use std::fs;
use std::path::Path;

use super::*;
use crate::faces::Face;
use crate::photo::{Header, Refusal};
use crate::vision::{Failure, Seen, Task, Times};

/// Finds one face, and has trouble with photos of 666 pixels' width.
struct OneFace;

impl Vision for OneFace {
    fn look(&self, _: &[u8], header: &Header, task: &Task) -> Result<Seen, Failure> {
        if header.width == 666 {
            let damaged = Refusal::PhotoDamaged(header.format, "it is cursed".to_owned());
            return Err(Failure::Photo(damaged));
        }
        Ok(Seen {
            width: header.width,
            height: header.height,
            faces: vec![Face {
                rectangle: [1, 2, 3, 4],
                eyes: vec![[1, 2, 1, 1]],
            }],
            annotated: task.annotate.map(|quality| vec![quality as u8]),
            times: Times::default(),
        })
    }
}

/// A function whose bucket `b` is a folder, with some photos in it.
struct Site {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        let storage = format!("file://{}", folder.path().display());
        let site = Self {
            folder,
            variables: vec![("FACE_DETECT_STORAGE".to_owned(), storage)],
        };
        for key in ["one.png", "two.png", "three.png"] {
            site.put(key, &png(300));
        }
        site.put("cursed.png", &png(666));
        site.put("text.png", b"no picture");
        site
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn path(&self, key: &str) -> std::path::PathBuf {
        self.folder.path().join("b").join(key)
    }

    fn put(&self, key: &str, content: &[u8]) {
        fs::write(self.path(key), content).unwrap();
    }

    async fn ask(&self, event: Value) -> Result<Value> {
        let settings = Settings::of(self.variables.clone());
        let function = Function::new(OneFace, settings, Machine::default());
        let invocation = Invocation::lasting(Duration::from_secs(60));
        let answer = function.handle(event, &invocation).await?;
        Ok(serde_json::to_value(answer).unwrap())
    }

    fn written(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join("b")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut written: Vec<_> = names.filter(|name| is_output(name)).collect();
        written.sort();
        written
    }
}

fn is_output(name: &str) -> bool {
    name.contains("_rs")
        || Path::new(name)
            .extension()
            .is_some_and(|kind| kind == "json")
}

/// A PNG file without pixels between its header and its end.
fn png(width: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    file.extend(width.to_be_bytes());
    file.extend(b"\0\0\0\x64\x08\x02\0\0\0\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82");
    file
}

fn created(key: &str) -> Value {
    json!({
        "version": "0", "detail-type": "Object Created", "source": "aws.s3",
        "detail": {"bucket": {"name": "b"}, "object": {"key": key}},
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

fn request(method: &str, path: &str, query: &str, accept: &str, body: &str) -> Value {
    json!({
        "version": "2.0", "rawPath": path, "rawQueryString": query, "headers": {"accept": accept},
        "requestContext": {"timeEpoch": 1, "http": {"method": method, "path": path}},
        "body": body, "isBase64Encoded": true,
    })
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
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

#[tokio::test]
async fn http_has_a_status_for_everything() {
    let site = Site::new();
    let photo = base64(&png(300));
    let cases = [
        (request("GET", "/", "", "text/html", ""), 200),
        (request("HEAD", "/", "", "*/*", ""), 200),
        (request("GET", "/favicon.ico", "", "*/*", ""), 404),
        (request("PUT", "/", "", "*/*", &photo), 405),
        (request("POST", "/", "", "*/*", &photo), 200),
        (request("POST", "/", "", "text/html", &photo), 406),
        (request("POST", "/", "", "*/*", ""), 400),
        (request("POST", "/", "scale_factor=9", "*/*", &photo), 400),
        (
            request("POST", "/", "output_bucket=mine", "*/*", &photo),
            400,
        ),
        (request("POST", "/", "", "*/*", &base64(b"text")), 415),
        (request("POST", "/", "", "*/*", &base64(&png(666))), 422),
        (
            request("POST", "/", "", "*/*", &base64(&png(2_000_000))),
            413,
        ),
    ];
    for (event, status) in cases {
        let answer = site.ask(event.clone()).await.unwrap();
        assert_eq!(answer["statusCode"], status, "{event} {answer}");
    }
    let answer = site
        .ask(request("POST", "/", "", "image/jpeg", &photo))
        .await
        .unwrap();
    assert_eq!(answer["headers"]["content-type"], "image/jpeg");
    assert_eq!(answer["body"], base64(&[95]));
    assert!(site.written().is_empty());
}
