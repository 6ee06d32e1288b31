//! Events of every shape through the packaged image: each folder of `xtask/data/events` has an event
//! as AWS sends it, the answer that it gets, and the objects that are in the bucket afterwards.
//! Answers must also hold to AWS's own schemas.
//!
//! `cargo xtask test --only events --bless` writes the answers down as they are; read the difference.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use layer::elf::FunctionBinary;
use opencv_build::progress::tell;
use opencv_build::sdk::Sdk;
use serde_json::{Value, json};

use crate::local::engine::Engine;
use crate::local::site::Site;
use crate::workspace::Workspace;

/// The bucket of AWS's own examples.
const BUCKET: &str = "amzn-s3-demo-bucket";
/// The photos in it, by the samples that they are.
const PHOTOS: [(&str, &str); 3] = [
    ("HappyFace.jpg", "lena.jpg"),
    ("holiday/my photo+1 caf\u{e9}.jpg", "lena.jpg"),
    ("messi5.jpg", "messi5.jpg"),
];
/// What is no photo in it.
const TEXT: (&str, &str) = ("notes.txt", "no picture");

/// Which schema holds for which events, by how their folders' names begin.
const SCHEMAS: [(&str, &str); 8] = [
    ("direct", include_str!("../../data/schemas/direct.json")),
    ("s3", NOTIFICATION),
    ("sns", NOTIFICATION),
    ("eventbridge", NOTIFICATION),
    ("sqs", include_str!("../../data/schemas/sqs.json")),
    ("batch", include_str!("../../data/schemas/batch.json")),
    ("function-url", HTTP),
    ("api-gateway", HTTP),
];
const NOTIFICATION: &str = include_str!("../../data/schemas/notification.json");
const HTTP: &str = include_str!("../../data/schemas/http.json");
/// The schema for invocations that fail.
const ERROR: &str = include_str!("../../data/schemas/error.json");

/// Posts every event.
pub fn test(
    workspace: &Workspace,
    sdk: &Sdk,
    binary: &FunctionBinary,
    engine: Engine,
    bless: bool,
) -> Result<()> {
    let site = Site::start(workspace, (sdk, binary), engine, &[])?;
    let samples = sdk.path().join("share/samples");
    let folder = workspace.root().join("xtask/data/events");
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(|| format!("failed to read `{}`", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    cases.sort();
    ensure!(
        !cases.is_empty(),
        "there are no events in `{}`",
        folder.display()
    );
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case.file_name().unwrap_or_default().to_string_lossy();
        if let Err(error) = try_case(&site, &samples, case, &name, bless) {
            wrong.push(format!("{name}: {error:#}"));
        }
    }
    ensure!(
        wrong.is_empty(),
        "{} of {} events got another answer:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    let starts = site.emulator.starts();
    ensure!(starts == 1, "the function was started {starts} times");
    tell(&format!("{} events were answered as expected", cases.len()));
    Ok(())
}

fn try_case(site: &Site, samples: &Path, case: &Path, name: &str, bless: bool) -> Result<()> {
    let storage = &site.storage;
    storage.empty_bucket(BUCKET)?;
    let mut before = BTreeSet::from([TEXT.0.to_owned()]);
    storage.write(BUCKET, TEXT.0, TEXT.1.as_bytes())?;
    for (key, sample) in PHOTOS {
        storage.put(BUCKET, key, &samples.join(sample))?;
        before.insert(key.to_owned());
    }
    let mut event = read(&case.join("event.json"))?;
    fill(&mut event, samples)?;
    let mut answer = site.invoke(&event)?;
    check_schema(name, &answer)?;
    shorten(&mut answer)?;
    let after: BTreeSet<_> = storage.keys(BUCKET)?.into_iter().collect();
    let written: Vec<_> = after.difference(&before).collect();
    let found = json!({"answer": answer, "written": written});

    let path = case.join("answer.json");
    if bless {
        let text = serde_json::to_string_pretty(&found)? + "\n";
        return fs::write(&path, text)
            .with_context(|| format!("failed to write `{}`", path.display()));
    }
    let expected = read(&path)?;
    ensure!(
        found == expected,
        "\n  got      {found}\n  expected {expected}"
    );
    Ok(())
}

fn read(path: &Path) -> Result<Value> {
    let text =
        fs::read_to_string(path).with_context(|| format!("failed to read `{}`", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("`{}` is no JSON", path.display()))
}

/// Puts photos where the event names them: they would be long in a file for people.
fn fill(event: &mut Value, samples: &Path) -> Result<()> {
    let Some(body) = event.get_mut("body") else {
        return Ok(());
    };
    let text = body.as_str().unwrap_or_default();
    let Some((how, sample)) = text.strip_prefix('@').and_then(|text| text.split_once(' ')) else {
        return Ok(());
    };
    let photo = fs::read(samples.join(sample))?;
    let bytes = match how {
        "base64" => photo,
        "form" => {
            let part = "Content-Disposition: form-data; name=\"photo\"; filename=\"photo.jpg\"";
            let head = format!("------photos\r\n{part}\r\nContent-Type: image/jpeg\r\n\r\n");
            [head.as_bytes(), &photo, b"\r\n------photos--\r\n"].concat()
        }
        other => bail!("it is not known how to write a photo as `{other}`"),
    };
    *body = STANDARD.encode(bytes).into();
    Ok(())
}

/// Refuses an answer that AWS would not understand.
fn check_schema(name: &str, answer: &Value) -> Result<()> {
    let schema = if answer.get("errorType").is_some() {
        ERROR
    } else {
        let found = SCHEMAS.iter().find(|(prefix, _)| name.starts_with(prefix));
        found
            .map(|(_, schema)| *schema)
            .context("no schema is known for such an event")?
    };
    let schema = serde_json::from_str(schema).context("a schema is no JSON")?;
    let validator = jsonschema::validator_for(&schema)
        .map_err(|error| anyhow::anyhow!("a schema is none: {error}"))?;
    let errors: Vec<_> = validator
        .iter_errors(answer)
        .map(|error| format!("{error} at `{}`", error.instance_path()))
        .collect();
    ensure!(
        errors.is_empty(),
        "the answer does not hold to the schema: {}\n  {answer}",
        errors.join("; ")
    );
    Ok(())
}

/// Replaces a photo or a page by what it is.
fn shorten(answer: &mut Value) -> Result<()> {
    let kind = answer
        .pointer("/headers/content-type")
        .and_then(Value::as_str);
    let kind = kind.unwrap_or_default().to_owned();
    let encoded = answer["isBase64Encoded"] == true;
    let Some(body) = answer.get_mut("body") else {
        return Ok(());
    };
    if kind.starts_with("text/html") {
        *body = "@page".into();
    } else if kind == "image/jpeg" {
        ensure!(encoded, "a photo is not in base64");
        let file = STANDARD.decode(body.as_str().unwrap_or_default())?;
        let photo = image::load_from_memory_with_format(&file, image::ImageFormat::Jpeg)?;
        *body = format!("@jpeg {}x{}", photo.width(), photo.height()).into();
    }
    Ok(())
}
