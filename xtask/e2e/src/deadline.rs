//! A photo that looking at takes longer than an invocation has: every kind of event is told so before its
//! time is over, as a failure that trying again does not mend, and the event after it is answered.

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::imageops::crop_imm;
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use serde_json::{Value, json};
use support::progress::print_status;

use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;

/// The function's time limit in seconds.
const TIMEOUT_SECONDS: u64 = 2;
/// Where the face is in the sample.
const FACE: [u32; 4] = [180, 150, 250, 260];
/// How large a pixel of the sample is in the photo that takes too long and in the good one. The face is 6,400 pixels wide in
/// the former, and looking for eyes in it takes seconds.
const LARGE: usize = 38;
const SMALL: usize = 4;
const BUCKET: &str = "photos";
const SLOW: &str = "slow.png";
const GOOD: &str = "good.png";

/// Posts slow photos in each shape of event, and a good one after each.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    let limit = TIMEOUT_SECONDS.to_string();
    let environment = [
        ("AWS_LAMBDA_FUNCTION_TIMEOUT", limit.as_str()),
        // OpenCV's own code looks for these eyes, and cannot be stopped before it is done with a face.
        ("FACE_DETECT_PRESET", "original"),
        ("FACE_DETECT_EYE_CASCADE", "eye_tree_eyeglasses"),
        ("FACE_DETECT_MIN_FACE", "600"),
        ("FACE_DETECT_OUTPUT", "sidecar"),
    ];
    let lambda = LocalLambda::start(workspace, (sdk, binary), Engine::None, &environment)?;
    lambda.storage.create_bucket(BUCKET)?;
    let sample = sdk.path().join("share/samples/lena.jpg");
    let sample = image::open(&sample)
        .with_context(|| format!("failed to read `{}`", sample.display()))?
        .to_luma8();
    let [left, top, width, height] = FACE;
    let face = crop_imm(&sample, left, top, width, height).to_image();
    let slow = enlarge(&face, LARGE)?;
    lambda.storage.write(BUCKET, SLOW, &slow)?;
    lambda
        .storage
        .write(BUCKET, GOOD, &enlarge(&face, SMALL)?)?;

    let faces = good(&lambda)?;
    ensure!(faces.len() == 1, "{faces:?} are found");
    let process = lambda.emulator.function_process()?;
    for (what, event, is_right) in events() {
        // The emulator answers by itself when the function exceeds its time.
        let response = lambda.invoke(&event)?;
        ensure!(
            is_right(&response),
            "{what} with a photo that takes too long is answered by {response}"
        );
        check_good_photo(&lambda, &faces).with_context(|| format!("after {what}"))?;
    }
    let anew = lambda.emulator.log().matches("starts anew").count();
    // What strangers send is bounded: it may be in time, and is answered over HTTP in any case.
    let response = lambda.invoke(&request(&slow))?;
    ensure!(
        response["statusCode"] == 200 || response["body"].to_string().contains("PhotoTooSlow"),
        "the slow photo is answered over HTTP by {response}"
    );
    check_good_photo(&lambda, &faces).context("after HTTP")?;
    ensure!(
        lambda.emulator.start_count() == 1 && lambda.emulator.function_process()? == process,
        "Lambda saw the function end:\n{}",
        lambda.emulator.log()
    );
    // Most looks end soon after their time; those that do not, by starting anew, for which `function/src/reexec.rs` has a
    // test of its own.
    print_status(&format!(
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
    let named: fn(&Value) -> bool = |response| response["errorType"] == "PhotoTooSlow";
    [
        (
            "a direct event",
            json!({"BUCKET_NAME": BUCKET, "S3_KEY": SLOW}),
            named,
        ),
        ("a notification", created, named),
        ("a message", json!({"Records": [message]}), |response| {
            *response == json!({"batchItemFailures": [{"itemIdentifier": "m"}]})
        }),
        ("a task", job, |response| {
            let result = &response["results"][0];
            let text = result["resultString"].as_str().unwrap_or_default();
            result["resultCode"] == "PermanentFailure" && text.starts_with("PhotoTooSlow")
        }),
    ]
}

fn request(photo: &[u8]) -> Value {
    json!({
        "version": "2.0", "rawPath": "/", "headers": {}, "rawQueryString": "",
        "requestContext": {"timeEpoch": 1, "http": {"method": "POST", "path": "/"}},
        "body": STANDARD.encode(photo), "isBase64Encoded": true,
    })
}

/// What is found in the good photo.
fn good(lambda: &LocalLambda) -> Result<Vec<Value>> {
    lambda.faces(BUCKET, GOOD, &Value::Null)
}

/// The good photo's answer must be what it was.
fn check_good_photo(lambda: &LocalLambda, faces: &[Value]) -> Result<()> {
    let found = good(lambda)?;
    ensure!(found == faces, "the next event is answered by {found:?}");
    Ok(())
}

/// A PNG file of the picture, so many times as large.
fn enlarge(picture: &image::GrayImage, times: usize) -> Result<Vec<u8>> {
    let mut pixels = Vec::with_capacity(picture.as_raw().len() * times * times);
    for row in picture.as_raw().chunks(picture.width() as usize) {
        let start = pixels.len();
        for pixel in row {
            pixels.resize(pixels.len() + times, *pixel);
        }
        let end = pixels.len();
        for _ in 1..times {
            pixels.extend_from_within(start..end);
        }
    }
    let times = u32::try_from(times)?;
    let mut file = Vec::new();
    let mut encoder =
        png::Encoder::new(&mut file, picture.width() * times, picture.height() * times);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_compression(png::Compression::Fast);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(file)
}
