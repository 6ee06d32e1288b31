//! A long run: thousands of mixed events, good and bad, through one process or through several at
//! once. Every good one is answered rightly, every bad one by its error; memory does not grow, and
//! nothing stays open.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use image::DynamicImage;
use image::imageops::crop_imm;
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use serde_json::Value;
use support::progress::print_status;

use super::events::{EventCase, Photos, fill_bucket};
use super::photo_variants::jpeg;
use super::promises;
use crate::process::{open_files, status_kilobytes};
use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;

const PROMISE: &str = "no event is answered wrongly, and nothing is left behind";

/// How many events one process gets.
const EVENTS: usize = 2000;
/// How many events several processes get together, and how many they are.
const CONCURRENT_LOAD: (usize, usize) = (10_000, 8);
/// Every so many is a bad one.
const BAD_EVENT_INTERVAL: usize = 5;
/// Events after which memory must not grow any more; after that, the most of each so many counts.
const WINDOW: usize = 100;
/// What it may grow in all, in kilobytes: pages of buffers that come and go.
const MAX_MEMORY_GROWTH: u64 = 1024;
/// How many more files and sockets may be open at once later than in the beginning: connections that
/// come and go.
const MAX_MORE_FILES: usize = 4;
/// How many wrong answers are told.
const MAX_REPORTED: usize = 10;

/// Posts events to one process.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    run_events(workspace, (sdk, binary), EVENTS, 1)
}

/// Posts more of them to several processes, each with an emulator of its own, which serves one event
/// at a time.
pub fn concurrent(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    run_events(
        workspace,
        (sdk, binary),
        CONCURRENT_LOAD.0,
        CONCURRENT_LOAD.1,
    )
}

fn run_events(
    workspace: &Workspace,
    (sdk, binary): (&Sdk, &FunctionBinary),
    events: usize,
    processes: usize,
) -> Result<()> {
    let photos = photos(sdk)?;
    let start = || -> Result<LocalLambda> {
        let lambda = LocalLambda::start(workspace, (sdk, binary), Engine::None, &[])?;
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
                scope.spawn(move || {
                    ProcessRun::run(lambda, cases, photos, events / processes, first)
                })
            })
            .collect();
        let ended = runs.into_iter().map(|run| run.join());
        ended
            .map(|run| run.unwrap_or_else(|_| Err(anyhow::anyhow!("a thread panicked"))))
            .collect::<Result<_>>()
    })?;

    let mut times: Vec<_> = runs.iter().flat_map(|run| &run.times).copied().collect();
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)].as_millis();
    print_status(&format!(
        "{} events, {processes} processes at once; milliseconds to the answer: median {}, 99th \
         percentile {}, slowest {}",
        times.len(),
        at(50),
        at(99),
        at(100)
    ));
    for (number, run) in runs.iter().enumerate() {
        print_status(&format!(
            "process {number}: the most resident memory of each {WINDOW} events after the first, in \
             kB: {:?}; open files: {:?}",
            run.memory, run.files
        ));
    }
    let wrong: Vec<_> = runs.iter().flat_map(|run| &run.wrong).collect();
    let how =
        format!("mixed events, one in {BAD_EVENT_INTERVAL} bad, {processes} processes at once");
    promises::record(PROMISE, how, times.len(), wrong.len());
    let reported: Vec<_> = wrong
        .iter()
        .take(MAX_REPORTED)
        .map(|line| line.as_str())
        .collect();
    ensure!(
        wrong.is_empty(),
        "{} of {} events: {}",
        wrong.len(),
        times.len(),
        reported.join("\n  ")
    );
    Ok(())
}

/// Small photos, which have the faces that the samples have.
fn photos(sdk: &Sdk) -> Result<Photos> {
    let photo = image::open(sdk.path().join("share/samples/lena.jpg"))?.to_rgb8();
    let face = |width, height| {
        let face = crop_imm(&photo, 180, 150, width, height).to_image();
        jpeg(&DynamicImage::ImageRgb8(face), |_| Ok(()))
    };
    Ok(Photos::from([
        ("lena.jpg", face(250, 260)?),
        ("messi5.jpg", face(240, 250)?),
    ]))
}

/// What was seen of a process.
#[derive(Default)]
struct ProcessRun {
    /// How long each event took.
    times: Vec<Duration>,
    /// The most memory in each part, in kilobytes.
    memory: Vec<u64>,
    /// The most open files in each part.
    files: Vec<usize>,
    /// What was wrong.
    wrong: Vec<String>,
}

impl ProcessRun {
    /// Posts so many events, beginning with another one for each process.
    fn run(
        lambda: &LocalLambda,
        cases: &[EventCase],
        photos: &Photos,
        events: usize,
        first: usize,
    ) -> Result<Self> {
        let (bad, good): (Vec<_>, Vec<_>) = cases.iter().partition(|case| is_failure(case));
        ensure!(bad.len() > 5 && good.len() > 10, "there are too few events");
        // The first answer to each event is what all later ones must be.
        let mut known: Vec<Vec<Option<Value>>> =
            [&bad, &good].map(|of| vec![None; of.len()]).into();
        let mut run = Self::default();
        let (mut memory, mut files) = (Vec::new(), Vec::new());
        for round in 0..events {
            let (of, known, place) = if round % BAD_EVENT_INTERVAL == BAD_EVENT_INTERVAL - 1 {
                (
                    &bad,
                    &mut known[0],
                    (first + round / BAD_EVENT_INTERVAL) % bad.len(),
                )
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
            let checked = found.and_then(|found| check(case, &mut known[place], found));
            if let Err(error) = checked {
                run.wrong
                    .push(format!("event {round}, {}: {error:#}", case.name));
            }
            let process = lambda.emulator.function_process()?;
            memory.push(status_kilobytes(process, "VmRSS")?);
            files.push(open_files(process)?);
        }
        let starts = lambda.emulator.start_count();
        if starts != 1 {
            run.wrong
                .push(format!("the function was started {starts} times"));
        }
        run.memory = window_maxima(&memory);
        run.files = window_maxima(&files);
        let growth_kb = growth(&run.memory);
        if growth_kb > MAX_MEMORY_GROWTH {
            run.wrong
                .push(format!("resident memory grew by {growth_kb} kB"));
        }
        let more = self::growth(&run.files);
        if more > MAX_MORE_FILES {
            run.wrong.push(format!("{more} more files are open"));
        }
        Ok(run)
    }
}

fn check(case: &EventCase, known: &mut Option<Value>, found: Value) -> Result<()> {
    let known = known.get_or_insert_with(|| found.clone());
    ensure!(
        found == *known,
        "it is answered by {found}, and before by {known}"
    );
    let (found, expected) = (shape_of(&found), shape_of(&case.expected));
    ensure!(
        found == expected,
        "it is answered by {found}, and not by {expected}"
    );
    Ok(())
}

/// The most of each part of what was measured, without the first.
fn window_maxima<T: Copy + Ord + Default>(measured: &[T]) -> Vec<T> {
    let settled = measured.get(WINDOW..).unwrap_or_default();
    let most = |part: &[T]| part.iter().copied().max().unwrap_or_default();
    settled.chunks(WINDOW).map(most).collect()
}

/// How much more a later part has than the first.
fn growth<T: Copy + Ord + Default + std::ops::Sub<Output = T>>(parts: &[T]) -> T {
    let first = parts.first().copied().unwrap_or_default();
    parts.iter().copied().max().unwrap_or_default() - first
}
/// Whether anything of it fails.
fn is_failure(case: &EventCase) -> bool {
    let response = &case.expected["response"];
    let some = |list: &str, is: &dyn Fn(&Value) -> bool| {
        response[list]
            .as_array()
            .is_some_and(|list| list.iter().any(is))
    };
    response.get("errorType").is_some()
        || response["statusCode"]
            .as_u64()
            .is_some_and(|status| status >= 400)
        || some("batchItemFailures", &|_| true)
        || some("results", &|result| result["resultCode"] != "Succeeded")
}

/// What must be the same whatever photos stand for the samples: everything but where faces are, how
/// many eyes they have, and how large photos are.
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
        Value::String(text) if text.starts_with('{') => serde_json::from_str(text)
            .map_or_else(|_| found.clone(), |inner: Value| shape_of(&inner)),
        other => other.clone(),
    }
}
