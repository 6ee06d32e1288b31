//! A long life: thousands of mixed events, good and bad, through one process or through several at
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
use support::progress::tell;

use super::events::{Case, Photos, fill_bucket};
use super::promises;
use super::variants::jpeg;
use crate::process::{kilobytes, open_files};
use local::engine::Engine;
use local::site::Site;
use package::workspace::Workspace;

const PROMISE: &str = "no event is answered wrongly, and nothing is left behind";

/// How many events one process gets.
const EVENTS: usize = 2000;
/// How many events several processes get together, and how many they are.
const LOAD: (usize, usize) = (10_000, 8);
/// Every so many is a bad one.
const BAD: usize = 5;
/// Events after which memory must not grow any more; after that, the most of each so many counts.
const SETTLED: usize = 100;
/// What it may grow in all, in kilobytes: pages of buffers that come and go.
const SLACK: u64 = 1024;
/// How many more files and sockets may be open at once later than in the beginning: connections that
/// come and go.
const FILES: usize = 4;
/// How many wrong answers are told.
const TOLD: usize = 10;

/// Posts events to one process.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    live(workspace, (sdk, binary), EVENTS, 1)
}

/// Posts more of them to several processes, each with an emulator of its own, which serves one event
/// at a time.
pub fn load(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    live(workspace, (sdk, binary), LOAD.0, LOAD.1)
}

fn live(
    workspace: &Workspace,
    (sdk, binary): (&Sdk, &FunctionBinary),
    events: usize,
    processes: usize,
) -> Result<()> {
    let photos = photos(sdk)?;
    let start = || -> Result<Site> {
        let site = Site::start(workspace, (sdk, binary), Engine::None, &[])?;
        fill_bucket(&site, &photos)?;
        Ok(site)
    };
    let sites: Vec<_> = (0..processes).map(|_| start()).collect::<Result<_>>()?;
    let cases = Case::all(workspace)?;
    let lives: Vec<_> = thread::scope(|scope| {
        let lives: Vec<_> = sites
            .iter()
            .enumerate()
            .map(|(first, site)| {
                let (cases, photos) = (&cases, &photos);
                scope.spawn(move || Life::lead(site, cases, photos, events / processes, first))
            })
            .collect();
        let ended = lives.into_iter().map(|life| life.join());
        ended
            .map(|life| life.unwrap_or_else(|_| Err(anyhow::anyhow!("a thread panicked"))))
            .collect::<Result<_>>()
    })?;

    let mut times: Vec<_> = lives.iter().flat_map(|life| &life.times).copied().collect();
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)].as_millis();
    tell(&format!(
        "{} events, {processes} processes at once; milliseconds to the answer: median {}, 99th \
         percentile {}, slowest {}",
        times.len(),
        at(50),
        at(99),
        at(100)
    ));
    for (number, life) in lives.iter().enumerate() {
        tell(&format!(
            "process {number}: the most resident memory of each {SETTLED} events after the first, in \
             kB: {:?}; open files: {:?}",
            life.memory, life.files
        ));
    }
    let wrong: Vec<_> = lives.iter().flat_map(|life| &life.wrong).collect();
    let how = format!("mixed events, one in {BAD} bad, {processes} processes at once");
    promises::tried(PROMISE, how, times.len(), wrong.len());
    let told: Vec<_> = wrong.iter().take(TOLD).map(|line| line.as_str()).collect();
    ensure!(
        wrong.is_empty(),
        "{} of {} events: {}",
        wrong.len(),
        times.len(),
        told.join("\n  ")
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
struct Life {
    /// How long each event took.
    times: Vec<Duration>,
    /// The most memory in each part, in kilobytes.
    memory: Vec<u64>,
    /// The most open files in each part.
    files: Vec<usize>,
    /// What was wrong.
    wrong: Vec<String>,
}

impl Life {
    /// Posts so many events, beginning with another one for each process.
    fn lead(
        site: &Site,
        cases: &[Case],
        photos: &Photos,
        events: usize,
        first: usize,
    ) -> Result<Self> {
        let (bad, good): (Vec<_>, Vec<_>) = cases.iter().partition(|case| is_bad(case));
        ensure!(bad.len() > 5 && good.len() > 10, "there are too few events");
        // The first answer to each event is what all later ones must be.
        let mut known: Vec<Vec<Option<Value>>> =
            [&bad, &good].map(|of| vec![None; of.len()]).into();
        let mut life = Self::default();
        let (mut memory, mut files) = (Vec::new(), Vec::new());
        for round in 0..events {
            let (of, known, place) = if round % BAD == BAD - 1 {
                (&bad, &mut known[0], (first + round / BAD) % bad.len())
            } else {
                (
                    &good,
                    &mut known[1],
                    (first + round - round / BAD) % good.len(),
                )
            };
            let case = of[place];
            let start = Instant::now();
            let found = case.post(site, photos);
            life.times.push(start.elapsed());
            let checked = found.and_then(|found| check(case, &mut known[place], found));
            if let Err(error) = checked {
                life.wrong
                    .push(format!("event {round}, {}: {error:#}", case.name));
            }
            let process = site.emulator.function_process()?;
            memory.push(kilobytes(process, "VmRSS")?);
            files.push(open_files(process)?);
        }
        let starts = site.emulator.starts();
        if starts != 1 {
            life.wrong
                .push(format!("the function was started {starts} times"));
        }
        life.memory = parts(&memory);
        life.files = parts(&files);
        let grown = grown(&life.memory);
        if grown > SLACK {
            life.wrong
                .push(format!("resident memory grew by {grown} kB"));
        }
        let more = self::grown(&life.files);
        if more > FILES {
            life.wrong.push(format!("{more} more files are open"));
        }
        Ok(life)
    }
}

fn check(case: &Case, known: &mut Option<Value>, found: Value) -> Result<()> {
    let known = known.get_or_insert_with(|| found.clone());
    ensure!(
        found == *known,
        "it is answered by {found}, and before by {known}"
    );
    let (found, expected) = (outline(&found), outline(&case.expected));
    ensure!(
        found == expected,
        "it is answered by {found}, and not by {expected}"
    );
    Ok(())
}

/// The most of each part of what was measured, without the first.
fn parts<T: Copy + Ord + Default>(measured: &[T]) -> Vec<T> {
    let settled = measured.get(SETTLED..).unwrap_or_default();
    let most = |part: &[T]| part.iter().copied().max().unwrap_or_default();
    settled.chunks(SETTLED).map(most).collect()
}

/// How much more a later part has than the first.
fn grown<T: Copy + Ord + Default + std::ops::Sub<Output = T>>(parts: &[T]) -> T {
    let first = parts.first().copied().unwrap_or_default();
    parts.iter().copied().max().unwrap_or_default() - first
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
