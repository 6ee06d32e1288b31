//! A long life: thousands of mixed events, good and bad, through one process. Every good one is
//! answered rightly, every bad one by its error, and memory does not grow.

use std::fs;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::imageops::{FilterType, crop_imm, resize};
use image::{DynamicImage, RgbImage};
use layer::elf::FunctionBinary;
use opencv_build::progress::tell;
use opencv_build::sdk::Sdk;
use serde_json::{Value, json};

use super::kinds::variants;
use crate::local::engine::Engine;
use crate::local::site::Site;
use crate::workspace::Workspace;

/// How many events.
const EVENTS: usize = 2000;
/// Every so many is a bad one.
const BAD: usize = 5;
/// Events after which memory must not grow any more.
const SETTLED: usize = 100;
/// What it may differ, in kilobytes: pages of buffers that come and go.
const SLACK: u64 = 2048;

const BUCKET: &str = "soak";

/// Posts all of them.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    let site = Site::start(workspace, (sdk, binary), Engine::None, &[])?;
    site.storage.create_bucket(BUCKET)?;
    let photo = image::open(sdk.path().join("share/samples/lena.jpg"))?.to_rgb8();
    let photos = photos(&photo)?;
    let good = good(&photos);
    let bad = bad(&photos, &site)?;
    for (key, file) in &photos {
        site.storage.write(BUCKET, key, file)?;
    }
    let mut memory = Vec::new();
    // The first answer to each event is what all later ones must be.
    let mut answers: Vec<Option<Value>> = vec![None; good.len()];
    for round in 0..EVENTS {
        if round % BAD == BAD - 1 {
            let (event, expected) = &bad[round / BAD % bad.len()];
            let answer = site.invoke(event)?;
            let text = answer.to_string();
            ensure!(
                text.contains(expected),
                "event {round}, {event}, is answered by {text}, and not by {expected}"
            );
        } else {
            let place = (round - round / BAD) % good.len();
            let answer = site.invoke(&good[place])?;
            let text = answer.to_string();
            // Each has one face, whatever the form of the answer.
            let right = text.contains("1 face(s)")
                || text.matches("box").count() == 1
                || text.contains("\"batchItemFailures\":[]")
                || answer["headers"]["x-faces"] == "1";
            let first = answers[place].get_or_insert_with(|| answer.clone());
            ensure!(
                right && *first == answer,
                "event {round}, {}, is answered by {text}, and before by {first}",
                good[place]
            );
        }
        memory.push(resident(&site)?);
    }
    let starts = site.emulator.starts();
    ensure!(starts == 1, "the function was started {starts} times");
    let highest = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
    let (settled, last) = (
        highest(&memory[SETTLED..2 * SETTLED]),
        highest(&memory[EVENTS - SETTLED..]),
    );
    tell(&format!(
        "{EVENTS} events; resident memory {settled} kB after {SETTLED} to {} events and {last} kB \
         after the last {SETTLED}",
        2 * SETTLED
    ));
    ensure!(
        last <= settled + SLACK,
        "resident memory grew from {settled} kB to {last} kB"
    );
    Ok(())
}

/// The same face in three sizes and formats.
fn photos(photo: &RgbImage) -> Result<Vec<(String, Vec<u8>)>> {
    let face = crop_imm(photo, 180, 150, 250, 260).to_image();
    let small = resize(&face, 200, 208, FilterType::Triangle);
    let wide = crop_imm(photo, 120, 120, 360, 300).to_image();
    let plain = |picture: &DynamicImage| variants::jpeg(picture, |_| Ok(()));
    let mut png = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(small).write_to(&mut png, image::ImageFormat::Png)?;
    Ok(vec![
        (
            "face.jpg".to_owned(),
            plain(&DynamicImage::ImageRgb8(face))?,
        ),
        ("small.png".to_owned(), png.into_inner()),
        (
            "wide.jpg".to_owned(),
            plain(&DynamicImage::ImageRgb8(wide))?,
        ),
    ])
}

/// An event of every shape for each photo.
fn good(photos: &[(String, Vec<u8>)]) -> Vec<Value> {
    let mut events = Vec::new();
    for (key, file) in photos {
        let body = STANDARD.encode(file);
        events.extend([
            json!({"BUCKET_NAME": BUCKET, "S3_KEY": key}),
            created(key),
            queue(&[key]),
            batch(key),
            http("*/*", &body),
            http("image/jpeg", &body),
        ]);
    }
    events
}

/// Bad events, each with what its answer must hold.
fn bad(photos: &[(String, Vec<u8>)], site: &Site) -> Result<Vec<(Value, String)>> {
    let (_, wide) = photos.last().context("there are no photos")?;
    let half = &wide[..wide.len() / 2];
    site.storage.write(BUCKET, "half.jpg", half)?;
    site.storage.write(BUCKET, "text.jpg", b"no picture")?;
    let found = |error: &str| format!("\"errorType\":\"{error}\"");
    let message = |key: &str| format!("{{\"itemIdentifier\":\"{key}\"}}");
    let permanent = "\"resultCode\":\"PermanentFailure\"".to_owned();
    Ok(vec![
        (
            json!({"BUCKET_NAME": BUCKET, "S3_KEY": "absent.jpg"}),
            found("ObjectNotFound"),
        ),
        (
            json!({"BUCKET_NAME": BUCKET, "S3_KEY": "half.jpg"}),
            found("PhotoTruncated"),
        ),
        (created("text.jpg"), found("NotAnImage")),
        (queue(&["face.jpg", "half.jpg"]), message("half.jpg")),
        (queue(&["absent.jpg"]), message("absent.jpg")),
        (batch("text.jpg"), permanent),
        (
            http("*/*", &STANDARD.encode(half)),
            "\"statusCode\":422".to_owned(),
        ),
        (
            http("text/html", &STANDARD.encode(wide)),
            "\"statusCode\":406".to_owned(),
        ),
        (
            json!({"detail-type": "Scheduled Event", "source": "aws.events"}),
            found("UnknownEvent"),
        ),
        (
            json!({"BUCKET_NAME": BUCKET, "S3_KEY": "face.jpg", "options": {"scale_factor": 1}}),
            found("InvalidOption"),
        ),
    ])
}

fn created(key: &str) -> Value {
    json!({
        "version": "0", "detail-type": "Object Created", "source": "aws.s3",
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": key}},
    })
}

fn queue(keys: &[&str]) -> Value {
    let message = |key: &&str| {
        json!({
            "messageId": key, "body": created(key).to_string(), "eventSource": "aws:sqs",
            "attributes": {}, "messageAttributes": {},
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:photos",
        })
    };
    json!({"Records": keys.iter().map(message).collect::<Vec<_>>()})
}

fn batch(key: &str) -> Value {
    json!({
        "invocationSchemaVersion": "2.0", "invocationId": "i", "job": {"id": "j"},
        "tasks": [{"taskId": "t", "s3Key": key, "s3Bucket": BUCKET}],
    })
}

fn http(accept: &str, body: &str) -> Value {
    json!({
        "version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": {"accept": accept},
        "requestContext": {"timeEpoch": 1, "http": {"method": "POST", "path": "/"}},
        "body": body, "isBase64Encoded": true,
    })
}

/// The function's resident memory in kilobytes. Source: proc_pid_status(5).
fn resident(site: &Site) -> Result<u64> {
    let process = site.emulator.function_process()?;
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("failed to read `{path}`"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("`{path}` names no VmRSS"))
}
