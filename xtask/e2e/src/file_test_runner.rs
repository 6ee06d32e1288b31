//! Sends files to the function, over HTTP and through S3, and compares the results with the expected ones; after each
//! file, a valid photo must get its usual response. Reports the errors of all files together.

mod outcome;
mod transport;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use opencv_build::Sdk;
use package::function::Function;
use support::progress::print_status;

pub use self::outcome::{ExpectedOutcome, Outcome, is_photo_error};
pub use self::transport::{Transport, post_event};
use super::promises;
use crate::process::{cpu_time, reset_peak_memory, status_kilobytes};
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

pub struct FileCase {
    pub name: String,
    pub file: Vec<u8>,
    pub expected: ExpectedOutcome,
    pub transports: &'static [Transport],
    pub max_time: Duration,
    /// The limit of the process's peak memory, in MB.
    pub max_memory: u64,
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
    (sdk, function): (&Sdk, &Function),
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
    let lambda = LocalLambda::start(workspace, (sdk, function), Engine::None, &environment)?;
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

impl<'a> CaseRunner<'a> {
    fn new(lambda: &'a LocalLambda, good: &'a [u8]) -> Result<Self> {
        let find =
            |transport: Transport| Outcome::parse(&lambda.invoke(&transport.event(BUCKET, CONTROL_KEY, good))?);
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
        let response = lambda.invoke(&transport.event(BUCKET, &case.name, &case.file))?;
        let time = start.elapsed();
        // Neither is available if the process has ended.
        let work = cpu_time(process).map(|after| after.saturating_sub(before));
        let peak = status_kilobytes(process, "VmHWM").unwrap_or_default().div_ceil(1024);
        let found = Outcome::parse(&response)?;

        let mut wrong = Vec::new();
        if !case.expected.matches(&found, transport, self.control(transport)) {
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
        let transport = match transport.is_http() {
            true => Transport::Json,
            false => Transport::Annotated,
        };
        let found = Outcome::parse(&self.lambda.invoke(&transport.event(BUCKET, CONTROL_KEY, self.good))?)?;
        ensure!(
            found == *self.control(transport),
            "the response to the valid photo after it is {found:?}"
        );
        Ok(())
    }

    fn control(&self, transport: Transport) -> &Outcome {
        match transport.is_http() {
            true => &self.over_http,
            false => &self.through_s3,
        }
    }
}
