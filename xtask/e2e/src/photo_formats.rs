//! Sends a photo in every format: with each detector, each file gives the same face, with upright boxes and annotated
//! photos. Every invalid file gives its error, and the function handles the next event.

use anyhow::{Context, Result, ensure};
use image::{ImageFormat, RgbImage, imageops};
use opencv_build::Sdk;
use package::function::Function;
use serde_json::{Value, json};
use support::progress::print_status;

use super::photo_variants::{self, MAX_BYTES, MAX_PIXELS};
use super::promises;
use bench::eval::score::{Rectangle, intersection_over_union};
use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;

const BUCKET: &str = "formats";
/// The value of the variable `S3_KEY`.
const DEFAULT_KEY: &str = "plain.png";
/// The function's memory in MB.
const MEMORY: &str = "1024";

/// A preset for each detector.
const PRESETS: [&str; 2] = ["original", "balanced"];
/// The minimum intersection over union for two boxes to be the same face, as pixels differ a little between formats.
const IOU_THRESHOLD: f64 = 0.8;
/// The maximum mean difference of grey levels between an annotated photo and the original. A photo with a wrong
/// orientation differs by 40 and more.
const MAX_GREY_DIFFERENCE: f64 = 6.0;

pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    let (max_bytes, max_pixels) = (MAX_BYTES.to_string(), MAX_PIXELS.to_string());
    let environment = [
        ("FACE_DETECT_MAX_BYTES", max_bytes.as_str()),
        ("FACE_DETECT_MAX_PIXELS", max_pixels.as_str()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MEMORY),
        ("BUCKET_NAME", BUCKET),
        ("S3_KEY", DEFAULT_KEY),
    ];
    let lambda = LocalLambda::start(workspace, (sdk, function), Engine::None, &environment)?;
    lambda.storage.create_bucket(BUCKET)?;
    let photo = image::open(function.package.sample_photo()?)?.to_rgb8();
    // Wider than high, to detect a wrong orientation.
    let picture = imageops::crop_imm(&photo, 0, 0, 512, 400).to_image();
    let good = photo_variants::valid_files(&picture)?;

    for (name, file) in &good {
        lambda.storage.write(BUCKET, name, file)?;
    }
    for preset in PRESETS {
        let expected = single_face(&lambda, DEFAULT_KEY, preset)?;
        for (name, _) in &good {
            let face = single_face(&lambda, name, preset)?;
            ensure!(
                intersection_over_union(face, expected) >= IOU_THRESHOLD,
                "with `{preset}` the face in `{name}` is at {face:?}, but in `{DEFAULT_KEY}` at {expected:?}"
            );
            let annotated = lambda.storage.get(BUCKET, &format!("{name}_rs.jpg"))?;
            let annotated = image::load_from_memory_with_format(&annotated, ImageFormat::Jpeg)?;
            check_annotated(&annotated.to_rgb8(), &picture, face)
                .with_context(|| format!("the annotated `{name}` with `{preset}` is wrong"))?;
        }
    }
    let bad = photo_variants::invalid_files(&good)?;
    for ((name, file), error) in &bad {
        lambda.storage.write(BUCKET, name, file)?;
        let response = lambda.invoke(&json!({"BUCKET_NAME": BUCKET, "S3_KEY": name}))?;
        let message = response["errorMessage"].as_str().unwrap_or_default();
        ensure!(
            response["errorType"] == **error && message.contains(name.as_str()),
            "the response to `{name}` is {response}, expected {error}"
        );
        let written = lambda.storage.keys(BUCKET)?;
        ensure!(
            !written.contains(&format!("{name}_rs.jpg")),
            "an annotated photo was written for `{name}`"
        );
        single_face(&lambda, DEFAULT_KEY, PRESETS[0]).with_context(|| format!("after `{name}`"))?;
    }
    // The environment provides the bucket and key if the event does not.
    let response = lambda.invoke(&json!({"any": "event"}))?;
    let message = response.pointer("/body/message").and_then(Value::as_str);
    ensure!(
        message.is_some_and(|message| message.ends_with("/formats/plain.png_rs.jpg")),
        "the response to an event without bucket and key is {response}"
    );
    let starts = lambda.emulator.start_count();
    ensure!(starts == 1, "the function was started {starts} times");
    promises::record(
        "every file gets its faces or its error, and the next event a response",
        "valid and invalid files of every kind, through S3",
        PRESETS.len() * good.len() + bad.len(),
        0,
    );
    print_status(&format!(
        "{} kinds of files have the same face, {} invalid ones their errors",
        good.len(),
        bad.len()
    ));
    Ok(())
}

fn single_face(lambda: &LocalLambda, key: &str, preset: &str) -> Result<Rectangle> {
    let faces = lambda.faces(BUCKET, key, &json!({"preset": preset}))?;
    ensure!(
        faces.len() == 1,
        "with `{preset}` expected one face in `{key}`, found {faces:?}"
    );
    Ok(serde_json::from_value(faces[0]["box"].clone())?)
}

/// Fails if the annotated photo is not the upright original with blue lines around the face.
fn check_annotated(annotated: &RgbImage, picture: &RgbImage, face: Rectangle) -> Result<()> {
    let (size, expected) = (annotated.dimensions(), picture.dimensions());
    ensure!(size == expected, "it has {size:?} pixels, expected {expected:?}");
    let grey = |image: &RgbImage| imageops::grayscale(image);
    let (grey, expected) = (grey(annotated), grey(picture));
    let pairs = grey.iter().zip(expected.iter());
    let difference: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    #[expect(clippy::cast_precision_loss, reason = "it is less than 2^27")]
    let mean = difference as f64 / grey.len() as f64;
    ensure!(
        mean < MAX_GREY_DIFFERENCE,
        "it differs from the picture by {mean:.1} levels"
    );

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "boxes are within the image"
    )]
    let [x, y, width, height] = face.map(|edge| edge as u32);
    for (column, row) in [
        (x + width / 2, y),
        (x + width / 2, y + height),
        (x, y + height / 2),
        (x + width, y + height / 2),
    ] {
        let [red, green, blue] = annotated.get_pixel(column, row).0;
        ensure!(
            blue > 150 && red < 110 && green < 110,
            "expected a blue line at {column},{row}, found {red},{green},{blue}"
        );
    }
    Ok(())
}
