//! Files with their right answers: each is sent over HTTP and read from S3, and a good photo after
//! it. What is wrong is told of all files at once.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use serde_json::{Value, json};
use support::progress::tell;

use super::promises;
use crate::process::{forget_peak, kilobytes, worked};
use bench::eval::score::{Area, shared};
use local::engine::Engine;
use local::site::Site;
use package::workspace::Workspace;

/// The function's memory in megabytes.
const MEMORY: u64 = 512;
/// The function's time limit in seconds: a file that takes too long must not keep the test.
const TIMEOUT: &str = "20";
const BUCKET: &str = "cases";
/// The good photo.
const GOOD: &str = "good";
/// How much two boxes must share to be the same face.
const SAME: f64 = 0.8;

/// What is no fault of a photo: none of these refuses one.
const NO_REFUSALS: [&str; 11] = [
    "",
    "AccessDenied",
    "BucketNotFound",
    "InvalidOption",
    "InvalidRequest",
    "NotTried",
    "ObjectNotFound",
    "OpenCvFailed",
    "OutOfTime",
    "StorageFailed",
    "UnknownEvent",
];

/// A file and what must come of it.
pub struct Case {
    /// What people call it.
    pub name: String,
    /// Its content.
    pub file: Vec<u8>,
    /// The right answer.
    pub right: Right,
    /// How it gets to the function.
    pub ways: &'static [Way],
    /// How long it may take.
    pub most: Duration,
    /// How much memory the process may have meanwhile, in megabytes.
    pub memory: u64,
}

/// A right answer.
#[derive(Clone, Debug)]
pub enum Right {
    /// The face of the good photo, upright, and nothing else.
    TheFace,
    /// So many faces.
    Faces(RangeInclusive<usize>),
    /// One of these errors, or if there are none any that says what is wrong with the photo.
    Refused(&'static [&'static str]),
    /// So many faces, or any error that says what is wrong with the photo.
    FacesOrRefused(RangeInclusive<usize>),
    /// So many faces, and an error that says why there is no annotated photo; that error alone where
    /// the photo is all that was asked for.
    FacesWithoutPhoto(RangeInclusive<usize>),
}

/// A way to the function and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A `POST` that is answered by JSON.
    Json,
    /// A `POST` that is answered by the annotated photo.
    Jpeg,
    /// An object in S3, with the annotated photo beside it.
    Annotated,
    /// An object in S3, with the boxes as JSON beside it.
    Sidecar,
}

impl Way {
    /// Whether an event with the file is one that Lambda takes.
    fn takes(self, file: &[u8]) -> bool {
        const EVENT: usize = 6 * 1024 * 1024 - 4096;
        matches!(self, Self::Annotated | Self::Sidecar) || file.len().div_ceil(3) * 4 <= EVENT
    }

    /// What nearly all files are tried by.
    pub const BOTH: &'static [Self] = &[Self::Json, Self::Annotated];
}

impl Case {
    /// A file that may take a second and all of the memory.
    pub fn new(name: impl Into<String>, file: Vec<u8>, right: Right) -> Self {
        Self {
            name: name.into(),
            file,
            right,
            ways: Way::BOTH,
            most: Duration::from_secs(1),
            memory: MEMORY,
        }
    }

    /// The same by other ways.
    pub fn by(self, ways: &'static [Way]) -> Self {
        Self { ways, ..self }
    }

    /// The same in at most so many milliseconds and megabytes.
    pub fn within(self, milliseconds: u64, memory: u64) -> Self {
        Self {
            most: Duration::from_millis(milliseconds),
            memory,
            ..self
        }
    }
}

/// Tries all cases; `good` is a photo with one face.
pub fn test(
    workspace: &Workspace,
    (sdk, binary): (&Sdk, &FunctionBinary),
    promise: &'static str,
    how: &str,
    good: &[u8],
    cases: &[Case],
) -> Result<()> {
    let memory = MEMORY.to_string();
    let environment = [
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.as_str()),
        ("AWS_LAMBDA_FUNCTION_TIMEOUT", TIMEOUT),
    ];
    let site = Site::start(workspace, (sdk, binary), Engine::None, &environment)?;
    site.storage.create_bucket(BUCKET)?;
    site.storage.write(BUCKET, GOOD, good)?;
    let tried = Tried::new(&site, good)?;
    let mut wrong = Vec::new();
    let mut times = 0;
    for case in cases {
        site.storage.write(BUCKET, &case.name, &case.file)?;
        for way in case.ways.iter().filter(|way| way.takes(&case.file)) {
            times += 1;
            if let Err(error) = tried.one(case, *way) {
                let line = format!("{}, {way:?}: {error:#}", case.name);
                tell(&format!("  WRONG {line}"));
                wrong.push(line);
            }
        }
    }
    let starts = site.emulator.starts();
    if starts != 1 {
        wrong.push(format!("the function was started {starts} times"));
    }
    promises::tried(promise, how, times, wrong.len());
    ensure!(
        wrong.is_empty(),
        "{} of {times} answers are wrong:\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    );
    tell(&format!("{times} answers are right"));
    Ok(())
}

/// The function, and what it finds in the good photo by each way.
struct Tried<'a> {
    site: &'a Site,
    good: &'a [u8],
    over_http: Found,
    through_s3: Found,
}

/// What came of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Faces' boxes, and the size of the photo where the answer tells it.
    Faces(Vec<Area>, Option<(u64, u64)>),
    /// How many faces, and the name of the error for which there is no annotated photo.
    FacesOnly(usize, String),
    /// An annotated photo came back.
    Photo,
    /// An error's name, and all of the answer.
    Error(String, String),
}

impl<'a> Tried<'a> {
    fn new(site: &'a Site, good: &'a [u8]) -> Result<Self> {
        let find = |way| found(&site.invoke(&event(way, GOOD, good))?);
        let tried = Self {
            site,
            good,
            over_http: find(Way::Json)?,
            through_s3: find(Way::Annotated)?,
        };
        for found in [&tried.over_http, &tried.through_s3] {
            ensure!(
                matches!(found, Found::Faces(faces, _) if faces.len() == 1),
                "the good photo is answered by {found:?}"
            );
        }
        Ok(tried)
    }

    /// Tries a file, and the good photo after it.
    fn one(&self, case: &Case, way: Way) -> Result<()> {
        let site = self.site;
        // One that has ended is started by an event.
        if site.emulator.function_process().is_err() {
            self.good_is_answered(way)?;
        }
        let process = site.emulator.function_process()?;
        forget_peak(process)?;
        let before = worked(process)?;
        let start = Instant::now();
        let answer = site.invoke(&event(way, &case.name, &case.file))?;
        let time = start.elapsed();
        // Neither can be told of a process that has ended.
        let work = worked(process).map(|after| after.saturating_sub(before));
        let peak = kilobytes(process, "VmHWM")
            .unwrap_or_default()
            .div_ceil(1024);
        let found = found(&answer)?;

        let mut wrong = Vec::new();
        if !self.is_right(&case.right, way, &found) {
            wrong.push(format!("expected {:?}, found {found:?}", case.right));
        }
        // On a busy machine a good answer waits for processors, and the two threads of a small
        // function together work twice as long as the answer takes. What breaks both limits is slow.
        if time > case.most && work.is_ok_and(|work| work > 2 * case.most) {
            wrong.push(format!(
                "it took {} ms, more than {}",
                time.as_millis(),
                case.most.as_millis()
            ));
        }
        if peak > case.memory {
            let memory = case.memory;
            wrong.push(format!("the process had {peak} MB, more than {memory}"));
        }
        if let Err(error) = self.good_is_answered(way) {
            wrong.push(format!("{error:#}"));
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("; "));
        Ok(())
    }

    fn good_is_answered(&self, way: Way) -> Result<()> {
        let (way, control) = match way {
            Way::Json | Way::Jpeg => (Way::Json, &self.over_http),
            Way::Annotated | Way::Sidecar => (Way::Annotated, &self.through_s3),
        };
        let found = found(&self.site.invoke(&event(way, GOOD, self.good))?)?;
        ensure!(
            found == *control,
            "the good photo after it is answered by {found:?}"
        );
        Ok(())
    }

    fn is_right(&self, right: &Right, way: Way, found: &Found) -> bool {
        let control = match way {
            Way::Json | Way::Jpeg => &self.over_http,
            Way::Annotated | Way::Sidecar => &self.through_s3,
        };
        match (right, found) {
            (Right::TheFace, Found::Faces(faces, size)) => {
                matches!((control, faces.as_slice()), (Found::Faces(known, expected), [face])
                    if shared(*face, known[0]) >= SAME && size == expected)
            }
            (Right::Faces(range) | Right::FacesOrRefused(range), Found::Faces(faces, _)) => {
                range.contains(&faces.len())
            }
            (Right::FacesWithoutPhoto(range), Found::FacesOnly(faces, name)) => {
                way == Way::Annotated && range.contains(faces) && is_refusal(name)
            }
            (Right::FacesWithoutPhoto(_), Found::Error(name, _)) => {
                way == Way::Jpeg && is_refusal(name)
            }
            (Right::Refused(names), Found::Error(name, _)) if !names.is_empty() => {
                names.contains(&name.as_str())
            }
            (Right::Refused(_) | Right::FacesOrRefused(_), Found::Error(name, _)) => {
                is_refusal(name)
            }
            _ => false,
        }
    }
}

/// Whether an error says what is wrong with a photo.
pub fn is_refusal(name: &str) -> bool {
    !NO_REFUSALS.contains(&name) && !name.contains('.')
}

fn event(way: Way, key: &str, file: &[u8]) -> Value {
    let stored = |output: &str| {
        let options = json!({"output": output});
        json!({"BUCKET_NAME": BUCKET, "S3_KEY": key, "options": options})
    };
    match way {
        Way::Json => posted(file, "application/json", ""),
        Way::Jpeg => posted(file, "image/jpeg", ""),
        Way::Annotated => stored("annotated"),
        Way::Sidecar => stored("sidecar"),
    }
}

/// The event of a `POST` to the function's URL.
pub fn posted(file: &[u8], accept: &str, query: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": query,
        "headers": {"accept": accept, "content-type": "application/octet-stream"},
        "requestContext": {
            "timeEpoch": 1, "http": {"method": "POST", "path": "/"},
        },
        "body": STANDARD.encode(file), "isBase64Encoded": true,
    })
}

/// What an answer says.
pub fn found(answer: &Value) -> Result<Found> {
    if let Some(name) = answer["errorType"].as_str() {
        return Ok(Found::Error(name.to_owned(), answer.to_string()));
    }
    let inner: Value;
    let body = match &answer["body"] {
        Value::String(_) if answer["isBase64Encoded"] == true => return Ok(Found::Photo),
        Value::String(text) => {
            inner = serde_json::from_str(text).context("an answer's body is no JSON")?;
            &inner
        }
        other => other,
    };
    if let Some(name) = body.pointer("/error/type").and_then(Value::as_str) {
        return Ok(Found::Error(name.to_owned(), answer.to_string()));
    }
    let faces = body["faces"].as_array();
    let faces = faces.with_context(|| format!("an answer without faces: {answer}"))?;
    let boxes = faces
        .iter()
        .map(|face| serde_json::from_value(face["box"].clone()));
    if let Some(name) = body.pointer("/annotated_error/type") {
        let name = name.as_str().unwrap_or_default();
        return Ok(Found::FacesOnly(faces.len(), name.to_owned()));
    }
    let size = body["width"].as_u64().zip(body["height"].as_u64());
    Ok(Found::Faces(boxes.collect::<Result<_, _>>()?, size))
}
