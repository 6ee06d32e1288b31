//! Photos of every kind through the packaged image: the same faces in each file of the same picture,
//! upright boxes and upright annotated photos; and for every broken file its error, and the next
//! event served.

pub mod variants;

use anyhow::{Context, Result, ensure};
use image::{ImageFormat, imageops};
use layer::elf::FunctionBinary;
use opencv_build::progress::tell;
use opencv_build::sdk::Sdk;
use serde_json::{Value, json};

use crate::eval::score::shared;
use crate::local::engine::Engine;
use crate::local::site::Site;
use crate::workspace::Workspace;

const BUCKET: &str = "kinds";
/// The limits that the function is given; so low that broken files can break them.
const MAX_BYTES: usize = 3_000_000;
const MAX_PIXELS: &str = "100000000";
const MEMORY: &str = "1024";

/// How much two boxes must share to be the same face, when the pixels differ a little.
const SAME: f64 = 0.8;

/// Tries every kind.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    let max_bytes = MAX_BYTES.to_string();
    let environment = [
        ("FACE_DETECT_MAX_BYTES", max_bytes.as_str()),
        ("FACE_DETECT_MAX_PIXELS", MAX_PIXELS),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MEMORY),
    ];
    let site = Site::start(workspace, (sdk, binary), Engine::None, &environment)?;
    site.storage.create_bucket(BUCKET)?;
    let photo = image::open(sdk.path().join("share/samples/lena.jpg"))?.to_rgb8();
    // Wider than high, so that what is not turned is seen.
    let picture = imageops::crop_imm(&photo, 0, 112, 512, 400).to_image();
    let good = variants::good(&picture)?;
    let (first, _) = good.first().context("there are no files")?;

    let mut expected = None;
    for (name, file) in &good {
        site.storage.write(BUCKET, name, file)?;
        let face = the_face(&site, name).with_context(|| format!("in `{name}`"))?;
        let expected = *expected.get_or_insert(face);
        ensure!(
            shared(face, expected) >= SAME,
            "the face in `{name}` is at {face:?}, and in `{first}` at {expected:?}"
        );
        let annotated = site.storage.get(BUCKET, &format!("{name}_rs.jpg"))?;
        let annotated = image::load_from_memory_with_format(&annotated, ImageFormat::Jpeg)?;
        let size = (annotated.width(), annotated.height());
        ensure!(
            size == (512, 400),
            "the annotated `{name}` is {size:?} pixels large"
        );
    }
    let bad = variants::bad(&good)?;
    for ((name, file), error) in &bad {
        site.storage.write(BUCKET, name, file)?;
        let answer = site.invoke(&event(name))?;
        ensure!(
            answer["errorType"] == **error && said(&answer).contains(name.as_str()),
            "`{name}` is answered by {answer}, and not by {error}"
        );
        let written = site.storage.keys(BUCKET)?;
        ensure!(
            !written.contains(&format!("{name}_rs.jpg")),
            "something was written for `{name}`"
        );
        the_face(&site, first).with_context(|| format!("after `{name}`"))?;
    }
    let starts = site.emulator.starts();
    ensure!(starts == 1, "the function was started {starts} times");
    tell(&format!(
        "{} kinds of files have the same face, {} broken ones their errors",
        good.len(),
        bad.len()
    ));
    Ok(())
}

fn event(key: &str) -> Value {
    json!({"BUCKET_NAME": BUCKET, "S3_KEY": key})
}

fn said(answer: &Value) -> &str {
    answer["errorMessage"].as_str().unwrap_or_default()
}

/// The box of the one face that is found.
fn the_face(site: &Site, key: &str) -> Result<[f64; 4]> {
    let answer = site.invoke(&event(key))?;
    let faces = answer.pointer("/body/faces").and_then(Value::as_array);
    let faces = faces.with_context(|| format!("the answer is {answer}"))?;
    ensure!(faces.len() == 1, "the answer is {answer}");
    Ok(serde_json::from_value(faces[0]["box"].clone())?)
}
