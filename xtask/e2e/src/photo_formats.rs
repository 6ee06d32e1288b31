//! Photos of every kind through the packaged image: the same faces in each file of the same picture,
//! upright boxes and upright annotated photos; and for every broken file its error, and the next
//! event served.

use anyhow::{Context, Result, ensure};
use image::{ImageFormat, RgbImage, imageops};
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use serde_json::{Value, json};
use support::progress::print_status;

use super::photo_variants::{self, MAX_BYTES, MAX_PIXELS};
use super::promises;
use bench::eval::score::{Rectangle, intersection_over_union};
use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;

const BUCKET: &str = "formats";
/// The file that the environment names.
const DEFAULT_KEY: &str = "plain.png";
/// The function's memory in megabytes.
const MEMORY: &str = "1024";

/// How much two boxes must share to be the same face, when the pixels differ a little.
const IOU_THRESHOLD: f64 = 0.8;
/// How much an annotated photo may differ from the picture, where nothing is drawn: the mean over all
/// pixels of what their grey levels differ by. A picture that is not turned differs by 40 and more.
const MAX_GREY_DIFFERENCE: f64 = 6.0;

/// Tries every kind.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    let (max_bytes, max_pixels) = (MAX_BYTES.to_string(), MAX_PIXELS.to_string());
    let environment = [
        ("FACE_DETECT_MAX_BYTES", max_bytes.as_str()),
        ("FACE_DETECT_MAX_PIXELS", max_pixels.as_str()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MEMORY),
        ("BUCKET_NAME", BUCKET),
        ("S3_KEY", DEFAULT_KEY),
    ];
    let lambda = LocalLambda::start(workspace, (sdk, binary), Engine::None, &environment)?;
    lambda.storage.create_bucket(BUCKET)?;
    let photo = image::open(sdk.path().join("share/samples/lena.jpg"))?.to_rgb8();
    // Wider than high, so that what is not turned is seen.
    let picture = imageops::crop_imm(&photo, 0, 112, 512, 400).to_image();
    let good = photo_variants::valid_files(&picture)?;

    let mut expected = None;
    for (name, file) in &good {
        lambda.storage.write(BUCKET, name, file)?;
        let face = single_face(&lambda, name)?;
        let expected = *expected.get_or_insert(face);
        ensure!(
            intersection_over_union(face, expected) >= IOU_THRESHOLD,
            "the face in `{name}` is at {face:?}, and in `{DEFAULT_KEY}` at {expected:?}"
        );
        let annotated = lambda.storage.get(BUCKET, &format!("{name}_rs.jpg"))?;
        let annotated = image::load_from_memory_with_format(&annotated, ImageFormat::Jpeg)?;
        check_annotated(&annotated.to_rgb8(), &picture, face)
            .with_context(|| format!("the annotated `{name}` is wrong"))?;
    }
    let bad = photo_variants::invalid_files(&good)?;
    for ((name, file), error) in &bad {
        lambda.storage.write(BUCKET, name, file)?;
        let response = lambda.invoke(&json!({"BUCKET_NAME": BUCKET, "S3_KEY": name}))?;
        let message = response["errorMessage"].as_str().unwrap_or_default();
        ensure!(
            response["errorType"] == **error && message.contains(name.as_str()),
            "`{name}` is answered by {response}, and not by {error}"
        );
        let written = lambda.storage.keys(BUCKET)?;
        ensure!(
            !written.contains(&format!("{name}_rs.jpg")),
            "something was written for `{name}`"
        );
        single_face(&lambda, DEFAULT_KEY).with_context(|| format!("after `{name}`"))?;
    }
    // What the event does not name, the environment does.
    let response = lambda.invoke(&json!({"any": "event"}))?;
    let message = response.pointer("/body/message").and_then(Value::as_str);
    ensure!(
        message.is_some_and(|message| message.ends_with("/formats/plain.png_rs.jpg")),
        "an event without names is answered by {response}"
    );
    let starts = lambda.emulator.start_count();
    ensure!(starts == 1, "the function was started {starts} times");
    promises::record(
        "every file has its faces or its error, and the next event is served",
        "files of every kind, whole and broken, through S3",
        good.len() + bad.len(),
        0,
    );
    print_status(&format!(
        "{} kinds of files have the same face, {} broken ones their errors",
        good.len(),
        bad.len()
    ));
    Ok(())
}

/// The box of the one face that is found.
fn single_face(lambda: &LocalLambda, key: &str) -> Result<Rectangle> {
    let faces = lambda.faces(BUCKET, key, &json!({}))?;
    ensure!(faces.len() == 1, "in `{key}` are {faces:?}");
    Ok(serde_json::from_value(faces[0]["box"].clone())?)
}

/// Refuses an annotated photo that is not the picture, upright, with blue lines round the face.
fn check_annotated(annotated: &RgbImage, picture: &RgbImage, face: Rectangle) -> Result<()> {
    let (size, expected) = (annotated.dimensions(), picture.dimensions());
    ensure!(
        size == expected,
        "it has {size:?} pixels, and not {expected:?}"
    );
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
        reason = "boxes lie in the picture"
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
            "there is no blue line at {column},{row}, but {red},{green},{blue}"
        );
    }
    Ok(())
}
