//! A long life: thousands of mixed events, good and bad, through one process. Every good one is
//! answered rightly, every bad one by its error, and memory does not grow.

use std::fs;

use anyhow::{Context, Result, ensure};
use image::DynamicImage;
use image::imageops::crop_imm;
use layer::elf::FunctionBinary;
use opencv_build::progress::tell;
use opencv_build::sdk::Sdk;
use serde_json::Value;

use super::events::{Case, Photos, fill_bucket};
use super::variants::jpeg;
use crate::local::engine::Engine;
use crate::local::site::Site;
use crate::workspace::Workspace;

/// How many events.
const EVENTS: usize = 2000;
/// Every so many is a bad one.
const BAD: usize = 5;
/// Events after which memory must not grow any more; after that, the most of each so many counts.
const SETTLED: usize = 100;
/// What it may grow in all, in kilobytes: pages of buffers that come and go.
const SLACK: u64 = 1024;

/// Posts all of them.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    let site = Site::start(workspace, (sdk, binary), Engine::None, &[])?;
    let photo = image::open(sdk.path().join("share/samples/lena.jpg"))?.to_rgb8();
    // Small ones, which have the face that the samples have.
    let face = |width, height| {
        let face = crop_imm(&photo, 180, 150, width, height).to_image();
        jpeg(&DynamicImage::ImageRgb8(face), |_| Ok(()))
    };
    let photos = Photos::from([
        ("lena.jpg", face(250, 260)?),
        ("messi5.jpg", face(240, 250)?),
    ]);
    fill_bucket(&site, &photos)?;
    let (bad, good): (Vec<_>, Vec<_>) = Case::all(workspace)?.into_iter().partition(is_bad);
    ensure!(bad.len() > 5 && good.len() > 10, "there are too few events");
    // The first answer to each event is what all later ones must be.
    let mut first: Vec<Vec<Option<Value>>> = [&bad, &good].map(|of| vec![None; of.len()]).into();
    let mut memory = Vec::new();
    for round in 0..EVENTS {
        let (of, first, place) = if round % BAD == BAD - 1 {
            (&bad, &mut first[0], round / BAD % bad.len())
        } else {
            (&good, &mut first[1], (round - round / BAD) % good.len())
        };
        let case = &of[place];
        let found = case.post(&site, &photos)?;
        let first = first[place].get_or_insert_with(|| found.clone());
        ensure!(
            found == *first,
            "event {round}, {}, is answered by {found}, and before by {first}",
            case.name
        );
        let (found, expected) = (outline(&found), outline(&case.expected));
        ensure!(
            found == expected,
            "event {round}, {}, is answered by {found}, and not by {expected}",
            case.name
        );
        memory.push(resident(&site)?);
    }
    let starts = site.emulator.starts();
    ensure!(starts == 1, "the function was started {starts} times");
    let highest = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
    let most: Vec<_> = memory[SETTLED..].chunks(SETTLED).map(highest).collect();
    tell(&format!(
        "{EVENTS} events; the most resident memory of each {SETTLED} after the first, in kB: {most:?}"
    ));
    let grown = highest(&most).saturating_sub(most[0]);
    ensure!(grown <= SLACK, "resident memory grew by {grown} kB");
    Ok(())
}

/// Whether anything of it fails.
fn is_bad(case: &Case) -> bool {
    let answer = &case.expected["answer"];
    let some = |list: &str, is: &dyn Fn(&Value) -> bool| {
        answer[list]
            .as_array()
            .is_some_and(|list| list.iter().any(is))
    };
    answer.get("errorType").is_some()
        || answer["statusCode"]
            .as_u64()
            .is_some_and(|status| status >= 400)
        || some("batchItemFailures", &|_| true)
        || some("results", &|result| result["resultCode"] != "Succeeded")
}

/// What must be the same whatever photos stand for the samples: everything but where faces are, how
/// many eyes they have, and how large photos are.
fn outline(found: &Value) -> Value {
    match found {
        Value::Object(fields) => {
            let outlined = |(name, value): (&String, &Value)| {
                let value = match (name.as_str(), value) {
                    ("faces", Value::Array(faces)) => faces.len().into(),
                    ("width" | "height" | "bytes", _) => Value::Null,
                    ("resultString", Value::String(text)) => text.split(", ").next().into(),
                    _ => outline(value),
                };
                (name.clone(), value)
            };
            Value::Object(fields.iter().map(outlined).collect())
        }
        Value::Array(values) => values.iter().map(outline).collect(),
        Value::String(text) if text.starts_with("@jpeg ") => "a photo".into(),
        Value::String(text) if text.starts_with('{') => serde_json::from_str(text)
            .map_or_else(|_| found.clone(), |inner: Value| outline(&inner)),
        other => other.clone(),
    }
}

/// The function's resident memory in kilobytes. Source: proc_pid_status(5).
fn resident(site: &Site) -> Result<u64> {
    let process = site.emulator.function_process()?;
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("failed to read `{path}`"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("`{path}` names no VmRSS"))
}
