//! Sends a photo in which detection takes longer than the function's time limit: for every kind of event, the function
//! reports a permanent error in time, and then handles the next event.

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::imageops::crop_imm;
use opencv_build::Sdk;
use package::function::Function;
use serde_json::{Value, json};
use support::progress::print_status;

use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;

/// The function's time limit.
const TIMEOUT_SECONDS: u64 = 2;
/// Left, top, width and height of the face in the sample.
const FACE: [u32; 4] = [154, 40, 141, 146];
/// The function's memory in MB: the most that Lambda has, as the function refuses photos for which it may not have
/// enough, and OpenCV's own code for eyes takes much.
pub const MEMORY: &str = "10240";
/// The factors by which the sample is enlarged for the slow photo and for the good one. The face is 6,400 pixels wide
/// in the slow one, in which searching for eyes takes seconds.
const LARGE: usize = 67;
const SMALL: usize = 7;
/// Options with which the slow photo takes seconds: OpenCV's own code searches for eyes, and cannot be stopped within a
/// face.
pub const SLOW_OPTIONS: [(&str, &str); 4] = [
    ("FACE_DETECT_PRESET", "original"),
    ("FACE_DETECT_EYE_CASCADE", "eye_tree_eyeglasses"),
    ("FACE_DETECT_MIN_FACE", "600"),
    ("FACE_DETECT_OUTPUT", "sidecar"),
];
const BUCKET: &str = "photos";
const SLOW: &str = "slow.png";
const GOOD: &str = "good.png";

/// Sends the slow photo in each type of event, and the good one after each.
pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    let limit = TIMEOUT_SECONDS.to_string();
    let mut environment = vec![
        ("AWS_LAMBDA_FUNCTION_TIMEOUT", limit.as_str()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MEMORY),
    ];
    environment.extend(SLOW_OPTIONS);
    let lambda = LocalLambda::start(workspace, (sdk, function), Engine::None, &environment)?;
    lambda.storage.create_bucket(BUCKET)?;
    let Photos { slow, good: small } = Photos::new(function)?;
    lambda.storage.write(BUCKET, SLOW, &slow)?;
    lambda.storage.write(BUCKET, GOOD, &small)?;

    let faces = good(&lambda)?;
    ensure!(faces.len() == 1, "expected one face, found {faces:?}");
    let process = lambda.emulator.function_process()?;
    for (what, event, is_right) in events() {
        // The emulator sends a response of its own if the function exceeds its time limit.
        let response = lambda.invoke(&event)?;
        ensure!(
            is_right(&response),
            "the response to {what} with the slow photo is {response}"
        );
        check_good_photo(&lambda, &faces).with_context(|| format!("after {what}"))?;
    }
    let anew = lambda.emulator.log().matches("re-executes itself").count();
    // The work for photos from HTTP is limited: it may finish in time, and there is always an HTTP response.
    let response = lambda.invoke(&request(&slow))?;
    ensure!(
        response["statusCode"] == 200 || response["body"].to_string().contains("PhotoTooSlow"),
        "the response to the slow photo over HTTP is {response}"
    );
    check_good_photo(&lambda, &faces).context("after HTTP")?;
    ensure!(
        lambda.emulator.start_count() == 1 && lambda.emulator.function_process()? == process,
        "the function's process has ended:\n{}",
        lambda.emulator.log()
    );
    // Most detections stop soon after the deadline; for those that do not, the process re-executes itself, which
    // `function/harness/src/reexec.rs` tests.
    print_status(&format!("the function re-executed itself {anew} times in one process"));
    Ok(())
}

/// Files of the same face.
pub struct Photos {
    pub slow: Vec<u8>,
    pub good: Vec<u8>,
}

impl Photos {
    pub fn new(function: &Function) -> Result<Self> {
        let sample = function.package.sample_photo()?;
        let sample = image::open(sample)
            .with_context(|| format!("failed to read `{}`", sample.display()))?
            .to_luma8();
        let [left, top, width, height] = FACE;
        let face = crop_imm(&sample, left, top, width, height).to_image();
        Ok(Self {
            slow: enlarge(&face, LARGE)?,
            good: enlarge(&face, SMALL)?,
        })
    }
}

/// A type of event, an event of it with the slow photo, and whether a response is correct.
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
        ("a direct event", json!({"BUCKET_NAME": BUCKET, "S3_KEY": SLOW}), named),
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

/// The faces in the good photo.
fn good(lambda: &LocalLambda) -> Result<Vec<Value>> {
    lambda.faces(BUCKET, GOOD, &Value::Null)
}

fn check_good_photo(lambda: &LocalLambda, faces: &[Value]) -> Result<()> {
    let found = good(lambda)?;
    ensure!(found == faces, "the response to the next event is {found:?}");
    Ok(())
}

/// A PNG file of the image, enlarged `times` times in each direction.
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
    let mut encoder = png::Encoder::new(&mut file, picture.width() * times, picture.height() * times);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_compression(png::Compression::Fast);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(file)
}
