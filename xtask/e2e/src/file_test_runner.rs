//! Sends files to the function, over HTTP and through S3, and compares the results with the expected ones; after each
//! file, a valid photo must get its usual response. Reports the errors of all files together.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use serde_json::{Value, json};
use support::progress::print_status;

use super::promises;
use crate::process::{cpu_time, reset_peak_memory, status_kilobytes};
use bench::eval::score::{Rectangle, intersection_over_union};
use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;

/// The function's memory in MB.
const MEMORY: u64 = 512;
/// The function's time limit, so that a file that takes too long does not block the test.
const TIMEOUT_SECONDS: &str = "20";
const BUCKET: &str = "cases";
/// The valid photo.
const CONTROL_KEY: &str = "good";
/// The minimum intersection over union for two boxes to be the same face.
const IOU_THRESHOLD: f64 = 0.8;

/// Errors that are not about the photo itself.
const NON_PHOTO_ERRORS: [&str; 11] = [
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

pub struct FileCase {
    pub name: String,
    pub file: Vec<u8>,
    pub expected: ExpectedOutcome,
    pub transports: &'static [Transport],
    pub max_time: Duration,
    /// The limit of the process's peak memory, in MB.
    pub max_memory: u64,
}

#[derive(Clone, Debug)]
pub enum ExpectedOutcome {
    /// Exactly the face of the valid photo, upright.
    ControlFace,
    /// A number of faces in this range.
    Faces(RangeInclusive<usize>),
    /// One of these errors, or any error about the photo if the list is empty.
    Rejected(&'static [&'static str]),
    /// A number of faces in this range, or any error about the photo.
    FacesOrRejected(RangeInclusive<usize>),
    /// A number of faces in this range and an error for the missing annotated photo; only that error if just the
    /// annotated photo was requested.
    FacesWithoutPhoto(RangeInclusive<usize>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A `POST` with a response in JSON.
    Json,
    /// The same, with the options that find the most faces.
    MostFaces,
    /// A `POST` whose response is the annotated photo.
    Jpeg,
    /// An object in S3, with the annotated photo beside it.
    Annotated,
    /// An object in S3, with the boxes as JSON beside it.
    Sidecar,
}

impl Transport {
    /// Whether an event with the file is within Lambda's limit.
    fn accepts(self, file: &[u8]) -> bool {
        const EVENT: usize = 6 * 1024 * 1024 - 4096;
        matches!(self, Self::Annotated | Self::Sidecar) || file.len().div_ceil(3) * 4 <= EVENT
    }

    pub const DEFAULT: &'static [Self] = &[Self::Json, Self::Annotated];
}

impl FileCase {
    /// A case with the default transports, limited to a second and the function's memory.
    pub fn new(name: impl Into<String>, file: Vec<u8>, expected: ExpectedOutcome) -> Self {
        Self {
            name: name.into(),
            file,
            expected,
            transports: Transport::DEFAULT,
            max_time: Duration::from_secs(1),
            max_memory: MEMORY,
        }
    }

    pub fn via(self, transports: &'static [Transport]) -> Self {
        Self { transports, ..self }
    }

    /// Limits the time in milliseconds, and the memory in MB.
    pub fn with_limits(self, milliseconds: u64, max_memory: u64) -> Self {
        Self {
            max_time: Duration::from_millis(milliseconds),
            max_memory,
            ..self
        }
    }
}

/// Runs all cases; `good` is a photo with one face.
pub fn test(
    workspace: &Workspace,
    (sdk, binary): (&Sdk, &FunctionBinary),
    promise: &'static str,
    how: &str,
    good: &[u8],
    cases: &[FileCase],
) -> Result<()> {
    let memory = MEMORY.to_string();
    let environment = [
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.as_str()),
        ("AWS_LAMBDA_FUNCTION_TIMEOUT", TIMEOUT_SECONDS),
    ];
    let lambda = LocalLambda::start(workspace, (sdk, binary), Engine::None, &environment)?;
    lambda.storage.create_bucket(BUCKET)?;
    lambda.storage.write(BUCKET, CONTROL_KEY, good)?;
    let runner = CaseRunner::new(&lambda, good)?;
    let mut wrong = Vec::new();
    let mut times = 0;
    for case in cases {
        lambda.storage.write(BUCKET, &case.name, &case.file)?;
        for transport in case.transports.iter().filter(|transport| transport.accepts(&case.file)) {
            times += 1;
            if let Err(error) = runner.run(case, *transport) {
                let line = format!("{}, {transport:?}: {error:#}", case.name);
                print_status(&format!("  WRONG {line}"));
                wrong.push(line);
            }
        }
    }
    let starts = lambda.emulator.start_count();
    if starts != 1 {
        wrong.push(format!("the function was started {starts} times"));
    }
    promises::record(promise, how, times, wrong.len());
    ensure!(
        wrong.is_empty(),
        "{} of {times} responses are wrong:\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    );
    print_status(&format!("{times} responses are as expected"));
    Ok(())
}

/// The function, and its results for the valid photo.
struct CaseRunner<'a> {
    lambda: &'a LocalLambda,
    good: &'a [u8],
    over_http: Outcome,
    through_s3: Outcome,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The boxes of the faces, and the photo's size if it is in the response.
    Faces(Vec<Rectangle>, Option<(u64, u64)>),
    /// The number of faces, and the type of the error for the missing annotated photo.
    FacesOnly(usize, String),
    /// An annotated photo.
    Photo,
    /// The type of an error, and the whole response.
    Error(String, String),
}

impl<'a> CaseRunner<'a> {
    fn new(lambda: &'a LocalLambda, good: &'a [u8]) -> Result<Self> {
        let find = |transport| parse_response(&lambda.invoke(&event(transport, CONTROL_KEY, good))?);
        let runner = Self {
            lambda,
            good,
            over_http: find(Transport::Json)?,
            through_s3: find(Transport::Annotated)?,
        };
        for found in [&runner.over_http, &runner.through_s3] {
            ensure!(
                matches!(found, Outcome::Faces(faces, _) if faces.len() == 1),
                "the response to the valid photo is {found:?}"
            );
        }
        Ok(runner)
    }

    /// Sends a file, and the valid photo after it.
    fn run(&self, case: &FileCase, transport: Transport) -> Result<()> {
        let lambda = self.lambda;
        // If the process has ended, an event starts it again.
        if lambda.emulator.function_process().is_err() {
            self.check_control_photo(transport)?;
        }
        let process = lambda.emulator.function_process()?;
        reset_peak_memory(process)?;
        let before = cpu_time(process)?;
        let start = Instant::now();
        let response = lambda.invoke(&event(transport, &case.name, &case.file))?;
        let time = start.elapsed();
        // Neither is available if the process has ended.
        let work = cpu_time(process).map(|after| after.saturating_sub(before));
        let peak = status_kilobytes(process, "VmHWM").unwrap_or_default().div_ceil(1024);
        let found = parse_response(&response)?;

        let mut wrong = Vec::new();
        if !self.matches_expected(&case.expected, transport, &found) {
            wrong.push(format!("expected {:?}, found {found:?}", case.expected));
        }
        // On a busy machine, wall-clock time includes waiting for processors; and the CPU time of a small function is
        // up to twice the wall-clock time, as it has two threads. Only exceeding both limits means that the file is
        // slow.
        if time > case.max_time && work.is_ok_and(|work| work > 2 * case.max_time) {
            wrong.push(format!(
                "it took {} ms, expected at most {}",
                time.as_millis(),
                case.max_time.as_millis()
            ));
        }
        if peak > case.max_memory {
            let memory = case.max_memory;
            wrong.push(format!("the process used {peak} MB, expected at most {memory}"));
        }
        if let Err(error) = self.check_control_photo(transport) {
            wrong.push(format!("{error:#}"));
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("; "));
        Ok(())
    }

    fn check_control_photo(&self, transport: Transport) -> Result<()> {
        let (transport, control) = match transport {
            Transport::Json | Transport::MostFaces | Transport::Jpeg => (Transport::Json, &self.over_http),
            Transport::Annotated | Transport::Sidecar => (Transport::Annotated, &self.through_s3),
        };
        let found = parse_response(&self.lambda.invoke(&event(transport, CONTROL_KEY, self.good))?)?;
        ensure!(
            found == *control,
            "the response to the valid photo after it is {found:?}"
        );
        Ok(())
    }

    fn matches_expected(&self, right: &ExpectedOutcome, transport: Transport, found: &Outcome) -> bool {
        let control = match transport {
            Transport::Json | Transport::MostFaces | Transport::Jpeg => &self.over_http,
            Transport::Annotated | Transport::Sidecar => &self.through_s3,
        };
        match (right, found) {
            (ExpectedOutcome::ControlFace, Outcome::Faces(faces, size)) => {
                matches!((control, faces.as_slice()), (Outcome::Faces(known, expected), [face])
                    if intersection_over_union(*face, known[0]) >= IOU_THRESHOLD && size == expected)
            }
            (ExpectedOutcome::Faces(range) | ExpectedOutcome::FacesOrRejected(range), Outcome::Faces(faces, _)) => {
                range.contains(&faces.len())
            }
            (ExpectedOutcome::FacesWithoutPhoto(range), Outcome::FacesOnly(faces, name)) => {
                transport == Transport::Annotated && range.contains(faces) && is_photo_error(name)
            }
            (ExpectedOutcome::FacesWithoutPhoto(_), Outcome::Error(name, _)) => {
                transport == Transport::Jpeg && is_photo_error(name)
            }
            (ExpectedOutcome::Rejected(names), Outcome::Error(name, _)) if !names.is_empty() => {
                names.contains(&name.as_str())
            }
            (ExpectedOutcome::Rejected(_) | ExpectedOutcome::FacesOrRejected(_), Outcome::Error(name, _)) => {
                is_photo_error(name)
            }
            _ => false,
        }
    }
}

/// Whether an error is about the photo; names with a dot are those of Lambda, for a function that failed.
pub fn is_photo_error(name: &str) -> bool {
    !NON_PHOTO_ERRORS.contains(&name) && !name.contains('.')
}

fn event(transport: Transport, key: &str, file: &[u8]) -> Value {
    let stored = |output: &str| {
        let options = json!({"output": output});
        json!({"BUCKET_NAME": BUCKET, "S3_KEY": key, "options": options})
    };
    match transport {
        Transport::Json => post_event(file, "application/json", ""),
        Transport::MostFaces => post_event(file, "application/json", "preset=accurate&score=0.3"),
        Transport::Jpeg => post_event(file, "image/jpeg", ""),
        Transport::Annotated => stored("annotated"),
        Transport::Sidecar => stored("sidecar"),
    }
}

/// The event of a `POST` to the function's URL.
pub fn post_event(file: &[u8], accept: &str, query: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": query,
        "headers": {"accept": accept, "content-type": "application/octet-stream"},
        "requestContext": {
            "timeEpoch": 1, "http": {"method": "POST", "path": "/"},
        },
        "body": STANDARD.encode(file), "isBase64Encoded": true,
    })
}

pub fn parse_response(response: &Value) -> Result<Outcome> {
    if let Some(name) = response["errorType"].as_str() {
        return Ok(Outcome::Error(name.to_owned(), response.to_string()));
    }
    let inner: Value;
    let body = match &response["body"] {
        Value::String(_) if response["isBase64Encoded"] == true => return Ok(Outcome::Photo),
        Value::String(text) => {
            inner = serde_json::from_str(text).context("a response's body is not JSON")?;
            &inner
        }
        other => other,
    };
    if let Some(name) = body.pointer("/error/type").and_then(Value::as_str) {
        return Ok(Outcome::Error(name.to_owned(), response.to_string()));
    }
    let faces = body["faces"].as_array();
    let faces = faces.with_context(|| format!("a response has no faces: {response}"))?;
    let boxes = faces.iter().map(|face| serde_json::from_value(face["box"].clone()));
    if let Some(name) = body.pointer("/annotated_error/type") {
        let name = name.as_str().unwrap_or_default();
        return Ok(Outcome::FacesOnly(faces.len(), name.to_owned()));
    }
    let size = body["width"].as_u64().zip(body["height"].as_u64());
    Ok(Outcome::Faces(boxes.collect::<Result<_, _>>()?, size))
}
