//! A soak test: thousands of mixed events, valid and invalid, sent to one process or to several concurrently. Every
//! event gets its expected response; memory does not grow, and no files stay open.

use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use image::DynamicImage;
use image::imageops::crop_imm;
use opencv_build::Sdk;
use package::function::Function;
use serde_json::Value;
use support::progress::print_status;

use super::events::{EventCase, Photos, fill_bucket};
use super::photo_variants::jpeg;
use super::promises;
use crate::process::{open_files, status_kilobytes};
use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;

const PROMISE: &str = "every response is correct, and no memory or files leak";

/// The number of events for one process.
const EVENTS: usize = 2000;
/// The number of events in total, and of processes.
const CONCURRENT_LOAD: (usize, usize) = (10_000, 8);
/// Every fifth event is an invalid one.
const BAD_EVENT_INTERVAL: usize = 5;
/// The number of events after which memory must be stable; then, the maximum of each window counts.
const WINDOW: usize = 100;
/// The limit of growth in kB, which allows for short-lived buffers.
const MAX_MEMORY_GROWTH: u64 = 1024;
/// The limit of additional open files and sockets, which allows for short-lived connections.
const MAX_MORE_FILES: usize = 4;
/// The number of wrong responses in the error.
const MAX_REPORTED: usize = 10;

/// Sends events to one process.
pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    run_events(workspace, (sdk, function), EVENTS, 1)
}

/// Sends events to several processes, each with an emulator of its own, which handles one event at a time.
pub fn concurrent(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    run_events(workspace, (sdk, function), CONCURRENT_LOAD.0, CONCURRENT_LOAD.1)
}

fn run_events(
    workspace: &Workspace,
    (sdk, function): (&Sdk, &Function),
    events: usize,
    processes: usize,
) -> Result<()> {
    let photos = photos(function)?;
    let start = || -> Result<LocalLambda> {
        let lambda = LocalLambda::start(workspace, (sdk, function), Engine::None, &[])?;
        fill_bucket(&lambda, &photos)?;
        Ok(lambda)
    };
    let lambdas: Vec<_> = (0..processes).map(|_| start()).collect::<Result<_>>()?;
    let cases = EventCase::all(workspace)?;
    let runs: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = lambdas
            .iter()
            .enumerate()
            .map(|(first, lambda)| {
                let (cases, photos) = (&cases, &photos);
                scope.spawn(move || ProcessRun::run(lambda, cases, photos, events / processes, first))
            })
            .collect();
        let ended = runs.into_iter().map(ScopedJoinHandle::join);
        ended
            .map(|run| run.unwrap_or_else(|_| Err(anyhow::anyhow!("a thread panicked"))))
            .collect::<Result<_>>()
    })?;

    let mut times: Vec<_> = runs.iter().flat_map(|run| &run.times).copied().collect();
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)].as_millis();
    print_status(&format!(
        "{} events, {processes} concurrent processes; response time in ms: median {}, 99th percentile {}, \
         maximum {}",
        times.len(),
        at(50),
        at(99),
        at(100)
    ));
    for (number, run) in runs.iter().enumerate() {
        print_status(&format!(
            "process {number}, maxima of each {WINDOW} events after the first: resident memory in kB \
             {:?}; open files {:?}",
            run.memory, run.files
        ));
    }
    let wrong: Vec<_> = runs.iter().flat_map(|run| &run.wrong).collect();
    let how = format!("events, one in {BAD_EVENT_INTERVAL} invalid, {processes} concurrent processes");
    promises::record(PROMISE, how, times.len(), wrong.len());
    let reported: Vec<_> = wrong.iter().take(MAX_REPORTED).map(|line| line.as_str()).collect();
    ensure!(
        wrong.is_empty(),
        "{} of {} events: {}",
        wrong.len(),
        times.len(),
        reported.join("\n  ")
    );
    Ok(())
}

/// Small photos with the faces of the samples.
fn photos(function: &Function) -> Result<Photos> {
    let photo = image::open(function.package.sample_photo()?)?.to_rgb8();
    let face = |width, height| {
        let face = crop_imm(&photo, 100, 0, width, height).to_image();
        jpeg(&DynamicImage::ImageRgb8(face), |_| Ok(()))
    };
    Ok(Photos::from([
        ("eileen-collins.jpg", face(250, 260)?),
        ("messi5.jpg", face(240, 250)?),
    ]))
}

#[derive(Default)]
struct ProcessRun {
    /// The response time of each event.
    times: Vec<Duration>,
    /// The maximum resident memory of each window, in kB.
    memory: Vec<u64>,
    /// The maximum number of open files of each window.
    files: Vec<usize>,
    /// Error messages.
    wrong: Vec<String>,
}

impl ProcessRun {
    /// Sends `events` events, starting with the case `first`.
    fn run(lambda: &LocalLambda, cases: &[EventCase], photos: &Photos, events: usize, first: usize) -> Result<Self> {
        let (bad, good): (Vec<_>, Vec<_>) = cases.iter().partition(|case| is_failure(case));
        ensure!(bad.len() > 5 && good.len() > 10, "there are too few events");
        // All later responses to an event must be the same as the first one.
        let mut known: Vec<Vec<Option<Value>>> = [&bad, &good].map(|of| vec![None; of.len()]).into();
        let mut run = Self::default();
        let (mut memory, mut files) = (Vec::new(), Vec::new());
        for round in 0..events {
            let (of, known, place) = if round % BAD_EVENT_INTERVAL == BAD_EVENT_INTERVAL - 1 {
                (&bad, &mut known[0], (first + round / BAD_EVENT_INTERVAL) % bad.len())
            } else {
                (
                    &good,
                    &mut known[1],
                    (first + round - round / BAD_EVENT_INTERVAL) % good.len(),
                )
            };
            let case = of[place];
            let start = Instant::now();
            let found = case.post(lambda, photos);
            run.times.push(start.elapsed());
            let checked = found.and_then(|found| check(case, &mut known[place], &found));
            if let Err(error) = checked {
                run.wrong.push(format!("event {round}, {}: {error:#}", case.name));
            }
            let process = lambda.emulator.function_process()?;
            memory.push(status_kilobytes(process, "VmRSS")?);
            files.push(open_files(process)?);
        }
        let starts = lambda.emulator.start_count();
        if starts != 1 {
            run.wrong.push(format!("the function was started {starts} times"));
        }
        run.memory = window_maxima(&memory);
        run.files = window_maxima(&files);
        let growth_kb = growth(&run.memory);
        if growth_kb > MAX_MEMORY_GROWTH {
            run.wrong.push(format!("resident memory grew by {growth_kb} kB"));
        }
        let more = self::growth(&run.files);
        if more > MAX_MORE_FILES {
            run.wrong.push(format!("{more} more files are open"));
        }
        Ok(run)
    }
}

fn check(case: &EventCase, known: &mut Option<Value>, found: &Value) -> Result<()> {
    let known = known.get_or_insert_with(|| found.clone());
    ensure!(found == known, "the response is {found}, but the first one was {known}");
    let (found, expected) = (shape_of(found), shape_of(&case.expected));
    ensure!(found == expected, "the response is {found}, expected {expected}");
    Ok(())
}

/// The maximum of each window of [`WINDOW`] events except the first.
fn window_maxima<T: Copy + Ord + Default>(measured: &[T]) -> Vec<T> {
    let settled = measured.get(WINDOW..).unwrap_or_default();
    let most = |part: &[T]| part.iter().copied().max().unwrap_or_default();
    settled.chunks(WINDOW).map(most).collect()
}

/// The difference between the maximum of all windows and the first.
fn growth<T: Copy + Ord + Default + std::ops::Sub<Output = T>>(parts: &[T]) -> T {
    let first = parts.first().copied().unwrap_or_default();
    parts.iter().copied().max().unwrap_or_default() - first
}

/// Whether any part of the expected response is an error.
fn is_failure(case: &EventCase) -> bool {
    let response = &case.expected["response"];
    let some =
        |list: &str, is: &dyn Fn(&Value) -> bool| response[list].as_array().is_some_and(|list| list.iter().any(is));
    response.get("errorType").is_some()
        || response["statusCode"].as_u64().is_some_and(|status| status >= 400)
        || some("batchItemFailures", &|_| true)
        || some("results", &|result| result["resultCode"] != "Succeeded")
        || some("photos", &|photo| photo.get("error").is_some())
}

/// The part of a response that does not depend on which photos replace the samples: everything except the positions of
/// faces, the numbers of eyes, and the sizes of photos.
fn shape_of(found: &Value) -> Value {
    match found {
        Value::Object(fields) => {
            let outlined = |(name, value): (&String, &Value)| {
                let value = match (name.as_str(), value) {
                    ("faces", Value::Array(faces)) => faces.len().into(),
                    ("width" | "height" | "bytes", _) => Value::Null,
                    ("resultString", Value::String(text)) => text.split(", ").next().into(),
                    _ => shape_of(value),
                };
                (name.clone(), value)
            };
            Value::Object(fields.iter().map(outlined).collect())
        }
        Value::Array(values) => values.iter().map(shape_of).collect(),
        Value::String(text) if text.starts_with("@jpeg ") => "a photo".into(),
        Value::String(text) if text.starts_with('{') => {
            serde_json::from_str(text).map_or_else(|_| found.clone(), |inner: Value| shape_of(&inner))
        }
        other => other.clone(),
    }
}
