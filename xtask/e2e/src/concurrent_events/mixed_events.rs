//! Events of every kind, each with an object or a size of its own, by which its answer is recognized.

use std::io::Cursor;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{DynamicImage, ImageReader, RgbImage, imageops::crop_imm};
use local::s3::S3Server;
use serde_json::{Value, json};

use crate::photo_variants::jpeg;

pub const BUCKET: &str = "photos";
/// Photos over HTTP differ in their widths, from 260 pixels.
const WIDTHS: u32 = 40;
const HEIGHT: u32 = 260;

pub struct MixedEvents {
    /// Photos of all widths.
    photos: Vec<Vec<u8>>,
}

impl MixedEvents {
    pub fn new(sample: &RgbImage) -> Result<Self> {
        let photos = (0..WIDTHS).map(|index| {
            let face = crop_imm(sample, 100, 0, width(index), HEIGHT).to_image();
            jpeg(&DynamicImage::ImageRgb8(face), |_| Ok(()))
        });
        Ok(Self {
            photos: photos.collect::<Result<_>>()?,
        })
    }

    /// The event number `index`, whose objects are written to `storage`.
    pub fn event(&self, storage: &S3Server, index: u32) -> Result<Value> {
        let photo = &self.photos[(index % WIDTHS) as usize];
        let key = key(index);
        let missing = format!("missing-{key}");
        let http = |accept: &str, body: &[u8]| http_event("POST", accept, body);
        Ok(match index % 8 {
            0 | 5 => {
                storage.write(BUCKET, &key, photo)?;
                let created = json!({
                    "version": "0", "detail-type": "Object Created", "source": "aws.s3",
                    "detail": {"bucket": {"name": BUCKET}, "object": {"key": key}},
                });
                match index % 8 {
                    0 => json!({"BUCKET_NAME": BUCKET, "S3_KEY": key}),
                    _ => created,
                }
            }
            1 => http("application/json", photo),
            2 => http("image/jpeg", photo),
            3 => http_event("GET", "text/html", b""),
            4 => http("application/json", format!("no photo, {key}").as_bytes()),
            6 => {
                storage.write(BUCKET, &key, photo)?;
                json!({"Records": [message(&key), message(&missing)]})
            }
            _ => json!({
                "invocationSchemaVersion": "1.0", "invocationId": key, "job": {"id": "j"},
                "tasks": [{"taskId": "t", "s3Key": missing, "s3BucketArn": format!("arn:aws:s3:::{BUCKET}")}],
            }),
        })
    }

    /// # Errors
    /// The answer is not the one to the event number `index`.
    pub fn check(index: u32, answer: &Value) -> Result<()> {
        let (key, size) = (key(index), (width(index % WIDTHS), HEIGHT));
        let body = answer["body"].as_str().unwrap_or_default();
        let is_right = match index % 8 {
            0 => answer.to_string().contains(&key) && answer.to_string().contains("Find 1 face(s)"),
            1 => {
                let body: Value = serde_json::from_str(body).unwrap_or_default();
                answer["statusCode"] == 200 && body["width"] == size.0 && body["faces"].as_array().is_some()
            }
            2 => answer["statusCode"] == 200 && dimensions(body)? == size,
            3 => answer["statusCode"] == 200 && body.contains("<title>"),
            4 => answer["statusCode"] == 415 && body.contains("NotAnImage"),
            5 => {
                let photo = &answer["photos"][0];
                photo["faces"].as_array().is_some_and(|faces| faces.len() == 1) && photo.to_string().contains(&key)
            }
            6 => *answer == json!({"batchItemFailures": [{"itemIdentifier": format!("missing-{key}")}]}),
            _ => {
                let result = &answer["results"][0];
                answer["invocationId"] == key && result["resultString"].to_string().contains("ObjectNotFound")
            }
        };
        ensure!(is_right, "the answer to event {index} is {answer}");
        Ok(())
    }
}

/// The name of an event's object.
fn key(index: u32) -> String {
    format!("event-{index}.jpg")
}

/// The number of the event to which an object belongs.
pub fn index_of(url: &str) -> Option<u32> {
    let (_, rest) = url.split_once("event-")?;
    rest.split_once('.')?.0.parse().ok()
}

fn width(index: u32) -> u32 {
    260 + index
}

fn dimensions(base64: &str) -> Result<(u32, u32)> {
    let file = STANDARD.decode(base64).context("a photo is not in base64")?;
    let photo = ImageReader::with_format(Cursor::new(file), image::ImageFormat::Jpeg);
    Ok(photo.into_dimensions()?)
}

fn http_event(method: &str, accept: &str, body: &[u8]) -> Value {
    json!({
        "version": "2.0", "rawPath": "/", "headers": {"accept": accept}, "rawQueryString": "",
        "requestContext": {"timeEpoch": 1, "http": {"method": method, "path": "/"}},
        "body": STANDARD.encode(body), "isBase64Encoded": true,
    })
}

/// A message of a queue about an object, with the object's key as its ID.
fn message(key: &str) -> Value {
    let created = json!({
        "version": "0", "detail-type": "Object Created", "source": "aws.s3",
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": key}},
    });
    json!({
        "messageId": key, "body": created.to_string(), "eventSource": "aws:sqs",
        "attributes": {}, "messageAttributes": {},
        "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:photos",
    })
}
