//! A function on Managed Instances, which gets several events at the same time: each is answered once, with its own
//! answer, also while a photo outlasts its event. `runtime_api` replaces Lambda here: AWS's emulator for Managed
//! Instances starts only `/var/task/bootstrap` and the like, and gives all events the same time.

mod mixed_events;
mod runtime_api;

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use local::emulator::credentials;
use local::s3::S3Server;
use opencv_build::Sdk;
use package::function::Function;
use package::workspace::Workspace;
use serde_json::{Value, json};
use support::child::Child;
use support::progress::print_status;
use support::run::{Shell, cmd};
use tempfile::TempDir;

use self::mixed_events::{BUCKET, MixedEvents, index_of};
use self::runtime_api::RuntimeApi;
use crate::deadline;
use crate::process::status_kilobytes;
use crate::promises;

const PROMISE: &str = "each of several events at the same time gets its own answer, once";
const EVENTS: u32 = 800;
const CONCURRENCY: u32 = 8;
/// The least memory of a function on Managed Instances, in MB, and memory for several processors.
const MEMORY: [u64; 2] = [2048, 8192];
/// The limit of all events, on a slow and busy machine.
const TIMEOUT: Duration = Duration::from_secs(300);
/// The limit for the process to end after the answer to an event whose photo is still being processed.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);
/// The number of wrong answers in the error.
const MAX_REPORTED: usize = 5;

pub fn test(_: &Workspace, _: &Sdk, function: &Function) -> Result<()> {
    for memory in MEMORY {
        mixed(function, memory)?;
    }
    slow_photos_only(function)?;
    slow_photo_alone(function)
}

/// The function, and what it uses.
struct Managed<'a> {
    function: &'a Function,
    environment: Vec<(&'static str, String)>,
    lambda: RuntimeApi,
    storage: S3Server,
    scratch: TempDir,
    process: Child,
}

impl<'a> Managed<'a> {
    fn start(
        function: &'a Function,
        (concurrency, memory): (u32, &str),
        options: &[(&'static str, &str)],
    ) -> Result<Self> {
        let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
        let (lambda, storage) = (RuntimeApi::start()?, S3Server::start()?);
        storage.create_bucket(BUCKET)?;
        let own = options.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let mut environment: Vec<_> = own.chain(credentials(&storage)).collect();
        environment.extend([
            ("AWS_LAMBDA_RUNTIME_API", lambda.address()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "lambda-managed-instances".to_owned()),
            ("AWS_LAMBDA_MAX_CONCURRENCY", concurrency.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", "face-detect".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.to_string()),
        ]);
        let process = start_process(function, &environment, &scratch.path().join("log-0"))?;
        Ok(Self {
            function,
            environment,
            lambda,
            storage,
            scratch,
            process,
        })
    }

    /// What Lambda does after the process has ended.
    fn start_again(&mut self) -> Result<()> {
        self.process.wait()?;
        self.process = start_process(self.function, &self.environment, &self.scratch.path().join("log-1"))?;
        Ok(())
    }

    fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.scratch.path().join("log-0"))?)
    }

    /// The answers to `number` events; an error if one has several.
    fn answers(&self, number: usize) -> Result<runtime_api::Answers> {
        let answers = self.lambda.wait(number, TIMEOUT);
        let answers = answers.with_context(|| format!("the function's log: {}", self.log().unwrap_or_default()))?;
        let repeated = answers.by_event.iter().find(|(_, answers)| answers.len() != 1);
        ensure!(repeated.is_none(), "an event has several answers: {repeated:?}");
        Ok(answers)
    }
}

fn start_process(function: &Function, environment: &[(&'static str, String)], log: &Path) -> Result<Child> {
    let (sh, program) = (Shell::new()?, function.path());
    let run = cmd!(sh, "{program}").env_clear();
    let run = environment.iter().fold(run, |run, (name, value)| run.env(name, value));
    Child::start_logged(run, log)
}

/// Hundreds of events of all kinds.
fn mixed(function: &Function, memory: u64) -> Result<()> {
    let managed = Managed::start(function, (CONCURRENCY, &memory.to_string()), &[])?;
    let sample = image::open(function.package.sample_photo()?)?.to_rgb8();
    let events = MixedEvents::new(&sample)?;
    for index in 0..EVENTS {
        let event = events.event(&managed.storage, index)?;
        managed.lambda.send(format!("request-{index}"), event, TIMEOUT)?;
    }
    let start = Instant::now();
    let answers = managed.answers(EVENTS as usize)?;
    let time = start.elapsed();
    let wrong = (0..EVENTS).filter_map(|index| {
        let answer = &answers.by_event[&format!("request-{index}")][0];
        MixedEvents::check(index, answer).err()
    });
    let mut wrong: Vec<_> = wrong.map(|error| format!("{error:#}")).collect();
    wrong.extend(wrong_request_ids(&managed.log()?)?);
    let peak = status_kilobytes(managed.process.id(), "VmHWM")? / 1024;
    print_status(&format!(
        "{EVENTS} events, {} at the same time, in {:.1} s; peak memory {peak} of {memory} MB",
        answers.most_in_flight,
        time.as_secs_f64()
    ));
    promises::record(
        PROMISE,
        "events of all kinds, 8 at the same time",
        EVENTS as usize,
        wrong.len(),
    );
    wrong.truncate(MAX_REPORTED);
    ensure!(
        wrong.is_empty(),
        "some answers or log lines are wrong:\n  {}",
        wrong.join("\n  ")
    );
    ensure!(
        answers.most_in_flight == CONCURRENCY as usize && peak < memory,
        "{} events were in flight, and the function has {memory} MB",
        answers.most_in_flight
    );
    Ok(())
}

/// Log lines about an object that have not the ID of its event.
fn wrong_request_ids(log: &str) -> Result<Vec<String>> {
    let mut lines = 0;
    let mut wrong = Vec::new();
    for line in log.lines() {
        let found: Value = serde_json::from_str(line).with_context(|| format!("a log line is not JSON: {line}"))?;
        let Some(index) = found["object"].as_str().and_then(index_of) else {
            continue;
        };
        lines += 1;
        if found["requestId"] != format!("request-{index}") {
            wrong.push(line.to_owned());
        }
    }
    ensure!(
        lines >= EVENTS / 2,
        "only {lines} log lines are about an event's object"
    );
    Ok(wrong)
}

/// All workers are busy with photos that outlast their events: the process remains, and serves the next event.
fn slow_photos_only(function: &Function) -> Result<()> {
    let managed = Managed::start(function, (2, deadline::MEMORY), &deadline::SLOW_OPTIONS)?;
    write(&managed.storage, &deadline::Photos::new(function)?)?;
    managed.lambda.send("first", direct("good.png"), TIMEOUT)?;
    let good = managed.answers(1)?.by_event["first"].clone();
    ensure!(good[0]["statusCode"] == 200, "the answer to the good photo is {good:?}");
    let (slow, log) = (["slow-0", "slow-1"], || managed.log().unwrap_or_default());
    for event in slow {
        managed.lambda.send(event, direct("slow.png"), Duration::from_secs(2))?;
    }
    managed.lambda.send("next", direct("good.png"), TIMEOUT)?;
    let answers = managed.answers(4)?.by_event;
    for event in slow {
        // One may wait for the memory of the other.
        let error = answers[event][0]["errorType"].as_str().unwrap_or_default();
        ensure!(
            ["PhotoTooSlow", "OutOfTime"].contains(&error),
            "the answer to `{event}` is {:?}\n{}",
            answers[event],
            log()
        );
    }
    ensure!(
        answers["next"] == good,
        "the answer to the next event is {:?}\n{}",
        answers["next"],
        log()
    );
    ensure!(
        managed.process.try_wait()?.is_none(),
        "the process has ended:\n{}",
        log()
    );
    let restarts = log().matches("re-executes itself").count();
    print_status(&format!(
        "the function re-executed itself {restarts} times after slow photos"
    ));
    Ok(())
}

/// Other workers wait for events: the process ends, and Lambda starts it again, unless the photo ends before.
fn slow_photo_alone(function: &Function) -> Result<()> {
    let mut managed = Managed::start(function, (4, deadline::MEMORY), &deadline::SLOW_OPTIONS)?;
    write(&managed.storage, &deadline::Photos::new(function)?)?;
    managed
        .lambda
        .send("slow", direct("slow.png"), Duration::from_secs(2))?;
    let answers = managed.answers(1)?.by_event;
    ensure!(
        answers["slow"][0]["errorType"] == "PhotoTooSlow",
        "the answers are {answers:?}"
    );
    // It ends at once, if at all.
    let start = Instant::now();
    while managed.process.try_wait()?.is_none() && start.elapsed() < EXIT_TIMEOUT {
        sleep(Duration::from_millis(10));
    }
    let ends = managed.process.try_wait()?.is_some();
    if ends {
        ensure!(managed.log()?.contains("so the function ends"), "{}", managed.log()?);
        managed.start_again()?;
    }
    managed.lambda.send("next", direct("good.png"), TIMEOUT)?;
    let answer = &managed.answers(2)?.by_event["next"][0];
    ensure!(answer["statusCode"] == 200, "the answer to the next event is {answer}");
    print_status(if ends {
        "the function ended"
    } else {
        "the slow photo ended by itself"
    });
    Ok(())
}

fn direct(key: &str) -> Value {
    json!({"BUCKET_NAME": BUCKET, "S3_KEY": key})
}

fn write(storage: &S3Server, photos: &deadline::Photos) -> Result<()> {
    storage.write(BUCKET, "slow.png", &photos.slow)?;
    storage.write(BUCKET, "good.png", &photos.good)
}
