//! Sends events of every type to the packaged image: each folder in `xtask/e2e/data/events` has an event as AWS sends
//! it, the expected response, and the objects that the function must write. Responses must also match schemas derived
//! from AWS's documentation.
//!
//! `cargo xtask test --only events --bless` saves the current responses as the expected ones; review the diff.

mod log;
mod reported;
mod schema;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use opencv_build::Sdk;
use package::function::Function;
use serde_json::{Value, json};
use support::files::{file_name, sorted_entries};
use support::progress::print_status;

use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;

/// The bucket in AWS's examples.
const BUCKET: &str = "amzn-s3-demo-bucket";
const PORTRAIT: &str = "eileen-collins.jpg";
/// The photos in the bucket: their keys, and the samples that they contain.
const PHOTOS: [(&str, &str); 3] = [
    ("HappyFace.jpg", PORTRAIT),
    ("holiday/my photo+1 caf\u{e9}.jpg", PORTRAIT),
    ("messi5.jpg", "messi5.jpg"),
];
const NON_IMAGE_OBJECT: (&str, &str) = ("notes.txt", "no picture");

const METRICS_NAMESPACE: &str = "Photos";

pub struct EventCase {
    /// The name of its folder.
    pub name: String,
    /// The event, with placeholders for photos; see [`insert_photos`].
    pub event: Value,
    /// An object with `response` and `written_objects`, the new objects in the bucket. Null if not saved yet.
    pub expected: Value,
    path: PathBuf,
}

impl EventCase {
    pub fn all(workspace: &Workspace) -> Result<Vec<Self>> {
        let folder = workspace.root().join("xtask/e2e/data/events");
        let mut cases = Vec::new();
        for path in sorted_entries(&folder)? {
            let response = path.join("response.json");
            cases.push(Self {
                name: file_name(&path),
                event: read(&path.join("event.json"))?,
                expected: if response.exists() {
                    read(&response)?
                } else {
                    Value::Null
                },
                path: response,
            });
        }
        ensure!(!cases.is_empty(), "there are no events in `{}`", folder.display());
        Ok(cases)
    }

    /// Sends the event with `photos` inserted, and returns the result in the format of `expected`. Removes new objects
    /// from the bucket.
    pub fn post(&self, lambda: &LocalLambda, photos: &Photos) -> Result<Value> {
        let mut event = self.event.clone();
        insert_photos(&mut event, photos)?;
        let mut response = lambda.invoke(&event)?;
        schema::check(&self.name, &response)?;
        summarize_body(&mut response)?;
        let mut written = serde_json::Map::new();
        for key in lambda.storage.keys(BUCKET)? {
            if key == NON_IMAGE_OBJECT.0 || PHOTOS.iter().any(|(known, _)| key == *known) {
                continue;
            }
            let content = lambda.storage.get(BUCKET, &key)?;
            let what = if key.ends_with(".json") {
                serde_json::from_slice(&content).with_context(|| format!("`{key}` is not JSON"))?
            } else {
                describe_jpeg(&content)?.into()
            };
            lambda.storage.remove(BUCKET, &key)?;
            written.insert(key, what);
        }
        Ok(json!({"response": response, "written_objects": written}))
    }

    fn check(&self, found: &Value, bless: bool) -> Result<()> {
        if bless && *found != self.expected {
            print_status(&format!("{} has a new response", self.name));
            let text = serde_json::to_string_pretty(found)? + "\n";
            return Ok(fs::write(&self.path, text)?);
        }
        ensure!(
            *found == self.expected,
            "\n  got      {found}\n  expected {}",
            self.expected
        );
        Ok(())
    }
}

/// Photos by the names of their samples.
pub type Photos = BTreeMap<&'static str, Vec<u8>>;

/// Creates the bucket with the objects that the events use.
pub fn fill_bucket(lambda: &LocalLambda, photos: &Photos) -> Result<()> {
    lambda.storage.create_bucket(BUCKET)?;
    lambda
        .storage
        .write(BUCKET, NON_IMAGE_OBJECT.0, NON_IMAGE_OBJECT.1.as_bytes())?;
    for (key, sample) in PHOTOS {
        lambda.storage.write(BUCKET, key, &photos[sample])?;
    }
    Ok(())
}

pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function, engine: Engine, bless: bool) -> Result<()> {
    let environment = [("FACE_DETECT_METRICS_NAMESPACE", METRICS_NAMESPACE)];
    let lambda = LocalLambda::start(workspace, (sdk, function), engine, &environment)?;
    let mut photos = Photos::new();
    for (_, sample) in PHOTOS {
        let path = match sample {
            PORTRAIT => function.package.sample_photo()?.to_owned(),
            _ => sdk.path().join("share/samples").join(sample),
        };
        let file = fs::read(&path)?;
        photos.insert(sample, file);
    }
    fill_bucket(&lambda, &photos)?;
    let cases = EventCase::all(workspace)?;
    let mut wrong = Vec::new();
    for case in &cases {
        let found = case.post(&lambda, &photos);
        if let Err(error) = found.and_then(|found| case.check(&found, bless)) {
            wrong.push(format!("{}: {error:#}", case.name));
        }
    }
    ensure!(
        wrong.is_empty(),
        "{} of {} events got an unexpected response:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    own_output_is_skipped(&lambda)?;
    reported::test(&lambda, &workspace.root().join("../shared/cases"))?;
    log::check(&lambda.emulator.log(), METRICS_NAMESPACE)?;
    let starts = lambda.emulator.start_count();
    ensure!(starts == 1, "the function was started {starts} times");
    print_status(&format!("{} events got the expected response", cases.len()));
    Ok(())
}

/// The function must skip notifications about its own output, even if `output_key` does not have its usual form.
fn own_output_is_skipped(lambda: &LocalLambda) -> Result<()> {
    let options = json!({"output_key": "of/{key}"});
    lambda.faces(BUCKET, PHOTOS[0].0, &options)?;
    let written = format!("of/{}", PHOTOS[0].0);
    let before = lambda.storage.keys(BUCKET)?;
    ensure!(before.contains(&written), "`{written}` was not written");
    let response = lambda.invoke(&json!({
        "version": "0", "detail-type": "Object Created", "source": "aws.s3",
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": written}},
    }))?;
    ensure!(
        response.pointer("/photos/0/skipped").is_some() && lambda.storage.keys(BUCKET)? == before,
        "the response to its own output `{written}` is {response}"
    );
    Ok(())
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path)?;
    serde_json::from_str(&text).with_context(|| format!("`{}` is not JSON", path.display()))
}

/// Replaces the body `@base64 SAMPLE` or `@form SAMPLE` of an event by the photo, which would make its file unreadable.
fn insert_photos(event: &mut Value, photos: &Photos) -> Result<()> {
    let Some(body) = event.get_mut("body") else {
        return Ok(());
    };
    let text = body.as_str().unwrap_or_default();
    let Some((how, sample)) = text.strip_prefix('@').and_then(|text| text.split_once(' ')) else {
        return Ok(());
    };
    let photo = photos
        .get(sample)
        .with_context(|| format!("there is no sample {sample}"))?;
    let bytes = match how {
        "base64" => photo.clone(),
        "form" => {
            let part = "Content-Disposition: form-data; name=\"photo\"; filename=\"photo.jpg\"";
            let head = format!("------photos\r\n{part}\r\nContent-Type: image/jpeg\r\n\r\n");
            [head.as_bytes(), photo, b"\r\n------photos--\r\n"].concat()
        }
        other => bail!("unknown encoding `{other}` of a photo"),
    };
    *body = STANDARD.encode(bytes).into();
    Ok(())
}

/// Replaces a photo or a page by a short description.
fn summarize_body(response: &mut Value) -> Result<()> {
    let kind = ["/headers/content-type", "/multiValueHeaders/content-type/0"];
    let kind = kind.iter().find_map(|pointer| response.pointer(pointer)?.as_str());
    let kind = kind.unwrap_or_default().to_owned();
    let encoded = response["isBase64Encoded"] == true;
    let Some(body) = response.get_mut("body") else {
        return Ok(());
    };
    if body.as_str() == Some("") {
        // As in a response to HEAD.
    } else if kind.starts_with("text/html") {
        let text = body.as_str().unwrap_or_default();
        let title = text
            .split_once("<title>")
            .and_then(|(_, rest)| rest.split_once("</title>"));
        let (title, _) = title.context("the page has no title")?;
        *body = format!("@page {title}").into();
    } else if kind == "image/jpeg" {
        ensure!(encoded, "a photo is not in base64");
        let file = STANDARD.decode(body.as_str().unwrap_or_default())?;
        *body = describe_jpeg(&file)?.into();
    }
    Ok(())
}

/// Describes a JPEG file by its size, the colours of outlines, and whether there are landmarks.
fn describe_jpeg(file: &[u8]) -> Result<String> {
    let photo = image::load_from_memory_with_format(file, image::ImageFormat::Jpeg)?.to_rgb8();
    // The photos themselves do not contain these colours.
    let blue = |pixel: &image::Rgb<u8>| pixel[2] > 180 && pixel[0] < 90 && pixel[1] < 90;
    let green = |pixel: &image::Rgb<u8>| pixel[1] > 180 && pixel[0] < 90 && pixel[2] < 90;
    let red = |pixel: &image::Rgb<u8>| pixel[0] > 180 && pixel[1] < 40 && pixel[2] < 40;
    let (width, height) = photo.dimensions();
    let mut text = format!("@jpeg {width}x{height}");
    for (what, colour, least) in [
        ("blue lines", &blue as &dyn Fn(&image::Rgb<u8>) -> bool, 50),
        ("green lines", &green, 50),
        // Each landmark is a square of a few pixels.
        ("red landmarks", &red, 20),
    ] {
        if photo.pixels().filter(|pixel| colour(pixel)).count() > least {
            text += ", ";
            text += what;
        }
    }
    Ok(text)
}
