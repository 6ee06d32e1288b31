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
use support::progress::print_status;

use super::promises;
use crate::process::{cpu_time, reset_peak_memory, status_kilobytes};
use bench::eval::score::{Rectangle, intersection_over_union};
use local::engine::Engine;
use local::local_lambda::LocalLambda;
use package::workspace::Workspace;

/// The function's memory in megabytes.
const MEMORY: u64 = 512;
/// The function's time limit in seconds: a file that takes too long must not keep the test.
const TIMEOUT_SECONDS: &str = "20";
const BUCKET: &str = "cases";
/// The good photo.
const CONTROL_KEY: &str = "good";
/// How much two boxes must share to be the same face.
const IOU_THRESHOLD: f64 = 0.8;

/// What is no fault of a photo: none of these refuses one.
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

/// A file and what must come of it.
pub struct FileCase {
    /// What people call it.
    pub name: String,
    /// Its content.
    pub file: Vec<u8>,
    /// The right answer.
    pub expected: ExpectedOutcome,
    /// How it gets to the function.
    pub transports: &'static [Transport],
    /// How long it may take.
    pub max_time: Duration,
    /// How much memory the process may have meanwhile, in megabytes.
    pub max_memory: u64,
}

/// A right answer.
#[derive(Clone, Debug)]
pub enum ExpectedOutcome {
    /// The face of the good photo, upright, and nothing else.
    ControlFace,
    /// So many faces.
    Faces(RangeInclusive<usize>),
    /// One of these errors, or if there are none any that says what is wrong with the photo.
    Rejected(&'static [&'static str]),
    /// So many faces, or any error that says what is wrong with the photo.
    FacesOrRejected(RangeInclusive<usize>),
    /// So many faces, and an error that says why there is no annotated photo; that error alone where
    /// the photo is all that was asked for.
    FacesWithoutPhoto(RangeInclusive<usize>),
}

/// A way to the function and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A `POST` that is answered by JSON.
    Json,
    /// A `POST` that is answered by the annotated photo.
    Jpeg,
    /// An object in S3, with the annotated photo beside it.
    Annotated,
    /// An object in S3, with the boxes as JSON beside it.
    Sidecar,
}

impl Transport {
    /// Whether an event with the file is one that Lambda takes.
    fn accepts(self, file: &[u8]) -> bool {
        const EVENT: usize = 6 * 1024 * 1024 - 4096;
        matches!(self, Self::Annotated | Self::Sidecar) || file.len().div_ceil(3) * 4 <= EVENT
    }

    /// What nearly all files are tried by.
    pub const DEFAULT: &'static [Self] = &[Self::Json, Self::Annotated];
}

impl FileCase {
    /// A file that may take a second and all of the memory.
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

    /// The same by other ways.
    pub fn via(self, transports: &'static [Transport]) -> Self {
        Self { transports, ..self }
    }

    /// The same in at most so many milliseconds and megabytes.
    pub fn with_limits(self, milliseconds: u64, max_memory: u64) -> Self {
        Self {
            max_time: Duration::from_millis(milliseconds),
            max_memory,
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
        for transport in case
            .transports
            .iter()
            .filter(|transport| transport.accepts(&case.file))
        {
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
        "{} of {times} answers are wrong:\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    );
    print_status(&format!("{times} answers are right"));
    Ok(())
}

/// The function, and what it finds in the good photo by each transport.
struct CaseRunner<'a> {
    lambda: &'a LocalLambda,
    good: &'a [u8],
    over_http: Outcome,
    through_s3: Outcome,
}

/// What came of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Faces' boxes, and the size of the photo where the answer tells it.
    Faces(Vec<Rectangle>, Option<(u64, u64)>),
    /// How many faces, and the name of the error for which there is no annotated photo.
    FacesOnly(usize, String),
    /// An annotated photo came back.
    Photo,
    /// An error's name, and all of the answer.
    Error(String, String),
}

impl<'a> CaseRunner<'a> {
    fn new(lambda: &'a LocalLambda, good: &'a [u8]) -> Result<Self> {
        let find =
            |transport| parse_response(&lambda.invoke(&event(transport, CONTROL_KEY, good))?);
        let runner = Self {
            lambda,
            good,
            over_http: find(Transport::Json)?,
            through_s3: find(Transport::Annotated)?,
        };
        for found in [&runner.over_http, &runner.through_s3] {
            ensure!(
                matches!(found, Outcome::Faces(faces, _) if faces.len() == 1),
                "the good photo is answered by {found:?}"
            );
        }
        Ok(runner)
    }

    /// Tries a file, and the good photo after it.
    fn run(&self, case: &FileCase, transport: Transport) -> Result<()> {
        let lambda = self.lambda;
        // One that has ended is started by an event.
        if lambda.emulator.function_process().is_err() {
            self.check_control_photo(transport)?;
        }
        let process = lambda.emulator.function_process()?;
        reset_peak_memory(process)?;
        let before = cpu_time(process)?;
        let start = Instant::now();
        let response = lambda.invoke(&event(transport, &case.name, &case.file))?;
        let time = start.elapsed();
        // Neither can be told of a process that has ended.
        let work = cpu_time(process).map(|after| after.saturating_sub(before));
        let peak = status_kilobytes(process, "VmHWM")
            .unwrap_or_default()
            .div_ceil(1024);
        let found = parse_response(&response)?;

        let mut wrong = Vec::new();
        if !self.matches_expected(&case.expected, transport, &found) {
            wrong.push(format!("expected {:?}, found {found:?}", case.expected));
        }
        // On a busy machine a good answer waits for processors, and the two threads of a small
        // function together work twice as long as the answer takes. What breaks both limits is slow.
        if time > case.max_time && work.is_ok_and(|work| work > 2 * case.max_time) {
            wrong.push(format!(
                "it took {} ms, more than {}",
                time.as_millis(),
                case.max_time.as_millis()
            ));
        }
        if peak > case.max_memory {
            let memory = case.max_memory;
            wrong.push(format!("the process had {peak} MB, more than {memory}"));
        }
        if let Err(error) = self.check_control_photo(transport) {
            wrong.push(format!("{error:#}"));
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("; "));
        Ok(())
    }

    fn check_control_photo(&self, transport: Transport) -> Result<()> {
        let (transport, control) = match transport {
            Transport::Json | Transport::Jpeg => (Transport::Json, &self.over_http),
            Transport::Annotated | Transport::Sidecar => (Transport::Annotated, &self.through_s3),
        };
        let found = parse_response(&self.lambda.invoke(&event(
            transport,
            CONTROL_KEY,
            self.good,
        ))?)?;
        ensure!(
            found == *control,
            "the good photo after it is answered by {found:?}"
        );
        Ok(())
    }

    fn matches_expected(
        &self,
        right: &ExpectedOutcome,
        transport: Transport,
        found: &Outcome,
    ) -> bool {
        let control = match transport {
            Transport::Json | Transport::Jpeg => &self.over_http,
            Transport::Annotated | Transport::Sidecar => &self.through_s3,
        };
        match (right, found) {
            (ExpectedOutcome::ControlFace, Outcome::Faces(faces, size)) => {
                matches!((control, faces.as_slice()), (Outcome::Faces(known, expected), [face])
                    if intersection_over_union(*face, known[0]) >= IOU_THRESHOLD && size == expected)
            }
            (
                ExpectedOutcome::Faces(range) | ExpectedOutcome::FacesOrRejected(range),
                Outcome::Faces(faces, _),
            ) => range.contains(&faces.len()),
            (ExpectedOutcome::FacesWithoutPhoto(range), Outcome::FacesOnly(faces, name)) => {
                transport == Transport::Annotated && range.contains(faces) && is_photo_error(name)
            }
            (ExpectedOutcome::FacesWithoutPhoto(_), Outcome::Error(name, _)) => {
                transport == Transport::Jpeg && is_photo_error(name)
            }
            (ExpectedOutcome::Rejected(names), Outcome::Error(name, _)) if !names.is_empty() => {
                names.contains(&name.as_str())
            }
            (
                ExpectedOutcome::Rejected(_) | ExpectedOutcome::FacesOrRejected(_),
                Outcome::Error(name, _),
            ) => is_photo_error(name),
            _ => false,
        }
    }
}

/// Whether an error says what is wrong with a photo.
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

/// What an answer says.
pub fn parse_response(response: &Value) -> Result<Outcome> {
    if let Some(name) = response["errorType"].as_str() {
        return Ok(Outcome::Error(name.to_owned(), response.to_string()));
    }
    let inner: Value;
    let body = match &response["body"] {
        Value::String(_) if response["isBase64Encoded"] == true => return Ok(Outcome::Photo),
        Value::String(text) => {
            inner = serde_json::from_str(text).context("an answer's body is no JSON")?;
            &inner
        }
        other => other,
    };
    if let Some(name) = body.pointer("/error/type").and_then(Value::as_str) {
        return Ok(Outcome::Error(name.to_owned(), response.to_string()));
    }
    let faces = body["faces"].as_array();
    let faces = faces.with_context(|| format!("an answer without faces: {response}"))?;
    let boxes = faces
        .iter()
        .map(|face| serde_json::from_value(face["box"].clone()));
    if let Some(name) = body.pointer("/annotated_error/type") {
        let name = name.as_str().unwrap_or_default();
        return Ok(Outcome::FacesOnly(faces.len(), name.to_owned()));
    }
    let size = body["width"].as_u64().zip(body["height"].as_u64());
    Ok(Outcome::Faces(boxes.collect::<Result<_, _>>()?, size))
}
