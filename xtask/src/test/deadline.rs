//! A photo that looking at takes longer than an invocation has: every kind of event is told so before its
//! time is over, as a failure that trying again does not mend, and the event after it is answered.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use layer::elf::FunctionBinary;
use opencv_build::progress::tell;
use opencv_build::sdk::Sdk;
use serde_json::{Value, json};

use crate::local::engine::Engine;
use crate::local::site::Site;
use crate::workspace::Workspace;

/// The function's time limit in seconds.
const LIMIT: u64 = 4;
/// How often the sample is in the slow photo, in each direction: it has 67 million pixels then.
const TILES: usize = 16;
const BUCKET: &str = "photos";
const SLOW: &str = "slow.png";
const GOOD: &str = "lena.jpg";

/// Posts slow photos in each shape of event, and a good one after each.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    let limit = LIMIT.to_string();
    let environment = [
        ("AWS_LAMBDA_FUNCTION_TIMEOUT", limit.as_str()),
        // One cascade is asked once, and cannot be stopped meanwhile.
        ("FACE_DETECT_PRESET", "original"),
        ("FACE_DETECT_SCALE_FACTOR", "1.01"),
        ("FACE_DETECT_EYE_CASCADE", "none"),
        ("FACE_DETECT_OUTPUT", "sidecar"),
    ];
    let site = Site::start(workspace, (sdk, binary), Engine::None, &environment)?;
    site.storage.create_bucket(BUCKET)?;
    let sample = sdk.path().join("share/samples").join(GOOD);
    site.storage.put(BUCKET, GOOD, &sample)?;
    let sample = image::open(&sample)
        .with_context(|| format!("failed to read `{}`", sample.display()))?
        .to_luma8();
    let slow = tiled(&sample)?;
    site.storage.write(BUCKET, SLOW, &slow)?;

    let faces = good(&site)?;
    let process = site.emulator.function_process()?;
    for (what, event, is_right) in events() {
        let start = Instant::now();
        let answer = site.invoke(&event)?;
        let time = start.elapsed();
        ensure!(
            is_right(&answer) && time < Duration::from_secs(LIMIT),
            "{what} with a photo that takes too long is answered by {answer} after {time:.1?}"
        );
        again(&site, &faces).with_context(|| format!("after {what}"))?;
    }
    let anew = site.emulator.log().matches("starts anew").count();
    let expected = events().len();
    ensure!(
        anew == expected,
        "{expected} looks outlived their answers, and the function started anew {anew} times"
    );
    // What strangers send is bounded: it may be in time, and is answered over HTTP in any case.
    let answer = site.invoke(&request(&slow))?;
    ensure!(
        answer["statusCode"] == 200 || answer["body"].to_string().contains("PhotoTooSlow"),
        "the slow photo is answered over HTTP by {answer}"
    );
    again(&site, &faces).context("after HTTP")?;
    ensure!(
        site.emulator.starts() == 1 && site.emulator.function_process()? == process,
        "Lambda saw the function end:\n{}",
        site.emulator.log()
    );
    tell(&format!(
        "the function started anew {anew} times in one process"
    ));
    Ok(())
}

/// A kind of event, one of it with the slow photo, and whether an answer is the right one.
type Case = (&'static str, Value, fn(&Value) -> bool);

fn events() -> [Case; 4] {
    let created = json!({
        "version": "0", "detail-type": "Object Created", "source": "aws.s3",
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": SLOW}},
    });
    let message = json!({
        "messageId": "m", "body": created.to_string(), "eventSource": "aws:sqs",
        "attributes": {}, "messageAttributes": {},
        "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:photos",
    });
    let job = json!({
        "invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"},
        "tasks": [{"taskId": "t", "s3Key": SLOW, "s3BucketArn": format!("arn:aws:s3:::{BUCKET}")}],
    });
    let named: fn(&Value) -> bool = |answer| answer["errorType"] == "PhotoTooSlow";
    [
        (
            "a direct event",
            json!({"BUCKET_NAME": BUCKET, "S3_KEY": SLOW}),
            named,
        ),
        ("a notification", created, named),
        ("a message", json!({"Records": [message]}), |answer| {
            *answer == json!({"batchItemFailures": [{"itemIdentifier": "m"}]})
        }),
        ("a task", job, |answer| {
            let result = &answer["results"][0];
            let text = result["resultString"].as_str().unwrap_or_default();
            result["resultCode"] == "PermanentFailure" && text.starts_with("PhotoTooSlow")
        }),
    ]
}

fn request(photo: &[u8]) -> Value {
    json!({
        "version": "2.0", "rawPath": "/", "headers": {}, "rawQueryString": "scale_factor=1.05",
        "requestContext": {"timeEpoch": 1, "http": {"method": "POST", "path": "/"}},
        "body": STANDARD.encode(photo), "isBase64Encoded": true,
    })
}

/// What is found in the good photo.
fn good(site: &Site) -> Result<Vec<Value>> {
    site.faces(BUCKET, GOOD, &Value::Null)
}

/// The good photo's answer must be what it was.
fn again(site: &Site, faces: &[Value]) -> Result<()> {
    let found = good(site)?;
    ensure!(found == faces, "the next event is answered by {found:?}");
    Ok(())
}

/// A large PNG file of the picture beside itself, again and again.
fn tiled(picture: &image::GrayImage) -> Result<Vec<u8>> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let mut pixels = Vec::with_capacity(width * height * TILES * TILES);
    for _ in 0..TILES {
        for row in picture.as_raw().chunks(width) {
            for _ in 0..TILES {
                pixels.extend_from_slice(row);
            }
        }
    }
    let side = |side: usize| u32::try_from(side * TILES).context("the tiles are too large");
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side(width)?, side(height)?);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_compression(png::Compression::Fast);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(file)
}
