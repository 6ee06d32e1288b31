//! Annotated photos that are too large for a response over HTTP: streamed, refused, or of a lower quality, as the
//! options say. The emulator limits streamed responses as it does others, so the photo is too large in base64 only.

use std::io::Cursor;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use image::{DynamicImage, ImageReader, RgbImage};
use opencv_build::Sdk;
use package::function::Function;
use serde_json::{Value, json};
use support::progress::print_status;
use ureq::http::Response;

use super::photo_variants;
use local::engine::Engine;
use local::gateway::Gateway;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;

/// Lambda's limit for responses that are not streamed, in bytes before base64.
const MAX_BUFFERED: usize = 6 * 1024 * 1024 / 4 * 3;
/// The size of the photo, in pixels. It consists of noise, which no quality compresses well.
const SIZE: (u32, u32) = (2300, 1550);
/// The quality with which the photo is sent, so that it is smaller than the annotated one.
const SENT_QUALITY: u8 = 30;

/// The status, the content type and the body.
type Received = (u16, String, Vec<u8>);

pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    let mut random = Rng::with_seed(1);
    let mut noise = RgbImage::new(SIZE.0, SIZE.1);
    random.fill(&mut noise);
    let photo = photo_variants::jpeg(&DynamicImage::ImageRgb8(noise), |encoder| {
        encoder.set_quality(SENT_QUALITY);
        Ok(())
    })?;
    let start = |environment: &[(&str, &str)]| -> Result<(LocalLambda, Gateway)> {
        let lambda = LocalLambda::start(workspace, (sdk, function), Engine::None, environment)?;
        let gateway = Gateway::start(&lambda.emulator.url)?;
        Ok((lambda, gateway))
    };
    let (streaming, gateway) = start(&[("FACE_DETECT_STREAM_RESPONSES", "true")])?;
    let url = gateway.url();
    let (status, kind, page) = get(&url)?;
    ensure!(
        status == 200 && kind.starts_with("text/html") && !page.is_empty(),
        "the page has status {status}"
    );
    let large = check_photo(&post(&url, "jpeg_quality=100", &photo)?)?;
    ensure!(large > MAX_BUFFERED, "the annotated photo has only {large} bytes");
    check_error(&post(&url, "", b"no photo")?, 415, "NotAnImage")?;
    // Only responses over HTTP are streamed.
    let response = streaming.invoke(&json!({"Event": "s3:TestEvent"}))?;
    ensure!(
        response == json!({"photos": []}),
        "the response to a test event is {response}"
    );

    let (_buffering, gateway) = start(&[])?;
    let url = gateway.url();
    check_error(&post(&url, "jpeg_quality=100", &photo)?, 413, "ResponseTooLarge")?;
    let small = check_photo(&post(&url, "jpeg_quality=100&oversized_jpeg=lower_quality", &photo)?)?;
    ensure!(small < MAX_BUFFERED, "the photo of a lower quality has {small} bytes");
    print_status(&format!(
        "an annotated photo of {large} bytes was streamed, refused, and sent with {small} bytes"
    ));
    Ok(())
}

/// The size of an annotated photo.
fn check_photo((status, kind, file): &Received) -> Result<usize> {
    ensure!(
        *status == 200 && kind == "image/jpeg",
        "the annotated photo has status {status} and type {kind}"
    );
    let photo = ImageReader::with_format(Cursor::new(file), image::ImageFormat::Jpeg);
    let size = photo.into_dimensions()?;
    ensure!(size == SIZE, "the annotated photo has {size:?} pixels");
    Ok(file.len())
}

fn check_error((status, _, body): &Received, expected: u16, name: &str) -> Result<()> {
    let error: Value = serde_json::from_slice(body).context("an error is not JSON")?;
    ensure!(
        *status == expected && error["error"]["type"] == name,
        "the status is {status}, and the response {error}; expected {expected} and `{name}`"
    );
    Ok(())
}

fn get(url: &str) -> Result<Received> {
    receive(agent().get(url).call()?)
}

fn post(url: &str, query: &str, body: &[u8]) -> Result<Received> {
    let request = agent().post(format!("{url}?{query}")).header("accept", "image/jpeg");
    receive(request.header("content-type", "image/jpeg").send(body)?)
}

fn receive(mut response: Response<ureq::Body>) -> Result<Received> {
    let kind = response
        .headers()
        .get("content-type")
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().to_owned();
    let body = response.body_mut().with_config().limit(100_000_000).read_to_vec()?;
    Ok((response.status().as_u16(), kind, body))
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(120)))
        .proxy(None)
        .build()
        .into()
}
