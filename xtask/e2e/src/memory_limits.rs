//! Checks the limit of the function's memory with worst-case files of each format: for any input within Lambda's limit
//! of 6 MB, the process responds with a result or a specific error, and never exceeds the function's memory.
//!
//! Lambda ends a process whose resident memory exceeds the function's. This test reads the peak of resident memory
//! (`VmHWM`) after each file, and limits the address space (`RLIMIT_AS`) to the function's memory, plus what is
//! reserved but not resident after the first photo (mapped libraries, unused stacks): an allocation beyond that fails
//! and ends the process, which the test detects.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use opencv_build::Sdk;
use package::function::Function;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};
use support::progress::print_status;

use self::files::{FileKind, KINDS};
use super::file_test_runner::{Outcome, is_photo_error, post_event};
use super::promises;
use crate::process::{reset_peak_memory, status_kilobytes};
use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;
use support::output::format_table;

mod files;

const PROMISE: &str = "no input of 6 MB makes the process exceed the function's memory";
const BUCKET: &str = "memory";

/// The function's memory in MB: the minimum of Lambda, a common choice, and that of a full vCPU.
const MEMORY: [u64; 3] = [128, 512, 1769];
/// The sizes of images in thousands of pixels, in descending order. Without `--slow`, only every second one is used.
const SIZES: [u32; 9] = [98_000, 64_000, 44_000, 30_000, 20_000, 12_000, 7000, 3000, 1200];
/// The number of accepted sizes after which smaller ones are left out, without and with `--slow`.
const ACCEPTED_SIZES: (usize, usize) = (1, 2);
/// The largest file whose event, in base64, is within Lambda's limit of 6 MB.
const MAX_FILE_BYTES: usize = 4_500_000;
const PHOTOS_PER_EVENT: usize = 6;

pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function, slow: bool) -> Result<()> {
    let good = fs_err::read(function.package.sample_photo()?)?;
    let mut files = BTreeMap::new();
    let (mut rows, mut wrong, mut times) = (Vec::new(), Vec::new(), 0);
    for memory in MEMORY {
        let text = memory.to_string();
        let environment = [
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", text.as_str()),
            ("AWS_LAMBDA_FUNCTION_TIMEOUT", "60"),
        ];
        let lambda = LocalLambda::start(workspace, (sdk, function), Engine::None, &environment)?;
        lambda.storage.create_bucket(BUCKET)?;
        let process = limit_address_space(&lambda, memory, &good)?;
        for kind in KINDS {
            let mut accepted = 0;
            let (mut peaks, mut largest) = (Vec::new(), None);
            for size in SIZES.into_iter().step_by(if slow { 1 } else { 2 }) {
                let file = match files.get(&(kind.name, size)) {
                    Some(file) => file,
                    None => files.entry((kind.name, size)).or_insert((kind.create)(size, &good)?),
                };
                if file.len() > MAX_FILE_BYTES {
                    continue;
                }
                let key = format!("{} {size}", kind.name);
                lambda.storage.write(BUCKET, &key, file)?;
                let mut rejected = true;
                for (event_type, event) in events(kind, &key, file) {
                    times += 1;
                    match post_and_measure(&lambda, (process, memory), &event) {
                        Ok((answered, peak)) => {
                            rejected &= !answered;
                            peaks.push(peak);
                        }
                        Err(error) => {
                            wrong.push(format!("{memory} MB, {key}, {event_type}: {error:#}"));
                        }
                    }
                }
                if !rejected {
                    largest.get_or_insert(size);
                    accepted += 1;
                    if accepted >= if slow { ACCEPTED_SIZES.1 } else { ACCEPTED_SIZES.0 } {
                        break;
                    }
                }
            }
            let peak = peaks.iter().max().copied().unwrap_or_default();
            let row = vec![
                kind.name.to_owned(),
                format!("{memory} MB"),
                largest.map_or("none".to_owned(), |size| format!("{} MP", size / 1000)),
                format!("{peak} MB"),
            ];
            print_status(&format!("  {}", row.join(", ")));
            rows.push(row);
        }
        let starts = lambda.emulator.start_count();
        if starts != 1 {
            wrong.push(format!("with {memory} MB the function was started {starts} times"));
        }
    }
    let head = ["file", "memory", "largest accepted", "peak"].map(str::to_owned);
    rows.insert(0, head.into());
    print_status(&format_table(&rows));
    let how = format!("{} kinds of files with 128, 512 and 1769 MB", KINDS.len());
    promises::record(PROMISE, how, times, wrong.len());
    ensure!(
        wrong.is_empty(),
        "{} of {times} responses are wrong:\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    );
    Ok(())
}

/// Sends a first photo, then limits the address space of the function's process, and returns its ID.
fn limit_address_space(lambda: &LocalLambda, memory: u64, good: &[u8]) -> Result<u32> {
    let response = lambda.invoke(&post_event(good, "application/json", ""))?;
    let first = Outcome::parse(&response)?;
    ensure!(
        matches!(first, Outcome::Faces(..)),
        "the response to a small photo with {memory} MB is {response}"
    );
    let process = lambda.emulator.function_process()?;
    let reserved = status_kilobytes(process, "VmSize")? - status_kilobytes(process, "VmRSS")?;
    let bytes = (memory << 20) + (reserved << 10);
    let limit = Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    let number = Pid::from_raw(process.try_into()?);
    prlimit(number, Resource::As, limit).context("failed to limit the function's address space")?;
    Ok(process)
}

/// Events of several types with the same file.
fn events(kind: &FileKind, key: &str, file: &[u8]) -> Vec<(&'static str, Value)> {
    let stored = json!({"BUCKET_NAME": BUCKET, "S3_KEY": key});
    let messages: Vec<_> = (0..PHOTOS_PER_EVENT)
        .map(|number| {
            json!({
                "taskId": number.to_string(), "s3Key": key, "s3BucketArn": format!("arn:aws:s3:::{BUCKET}"),
            })
        })
        .collect();
    let job = json!({
        "invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"}, "tasks": messages,
    });
    let mut events = vec![
        ("JSON", post_event(file, "application/json", "")),
        ("JPEG", post_event(file, "image/jpeg", "preset=accurate")),
        ("six at once", job),
    ];
    if kind.direct {
        events.push(("direct", stored));
    }
    events
}

/// Sends an event. Returns whether at least one photo was accepted, and the peak memory in MB.
fn post_and_measure(lambda: &LocalLambda, (process, memory): (u32, u64), event: &Value) -> Result<(bool, u64)> {
    reset_peak_memory(process).context("the process had already ended")?;
    let start = Instant::now();
    let response = lambda.invoke(event)?;
    let time = start.elapsed().as_millis();
    let answered = match response["results"].as_array() {
        Some(results) => {
            let failed = results.iter().filter_map(|result| {
                let text = result["resultString"].as_str().unwrap_or_default();
                (result["resultCode"] != "Succeeded").then(|| text.split(':').next())?
            });
            let failed: Vec<_> = failed.collect();
            let unnamed = failed.iter().find(|name| !is_photo_error(name));
            ensure!(unnamed.is_none(), "after {time} ms: {response}");
            failed.len() < results.len()
        }
        None => match Outcome::parse(&response)? {
            Outcome::Error(name, _) if name == "ResponseTooLarge" => true,
            Outcome::Error(name, response) => {
                ensure!(is_photo_error(&name), "after {time} ms: {response}");
                false
            }
            Outcome::Faces(..) | Outcome::FacesOnly(..) | Outcome::Photo => true,
        },
    };
    let peak = status_kilobytes(process, "VmHWM").context("the process has ended")?;
    let peak = peak.div_ceil(1024);
    ensure!(
        peak <= memory,
        "the peak memory is {peak} MB after {time} ms: {response}"
    );
    Ok((answered, peak))
}
