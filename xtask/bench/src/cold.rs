//! `cargo xtask bench cold`: measures the time from the start of a function's process to its first poll for an event,
//! with its models loaded, and from the first event to its response. Ours and Python's alternate, with and without
//! their files in the page cache. Also measures detection with `balanced` in the first photo of a process, and in it
//! again.

pub(crate) mod fake_runtime_api;
mod first_detection;
mod page_cache;

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use support::child::Child;
use support::median::median;
use support::progress::ProgressStep;
use support::run::{Shell, cmd};

use self::fake_runtime_api::FakeRuntimeApi;
use self::first_detection::FirstDetection;
use super::context::{BenchContext, Repetitions};
use super::figures::{Figures, Group, Unit};
use super::process;
use super::rig::{BenchRig, IMPLEMENTATIONS, Implementation, REFERENCE, by_implementation};
use super::statistics::{as_milliseconds, time_ms};

const RUNS: Repetitions = (15, 2);
/// Long enough for a slow and busy machine.
const FIRST_POLL_TIMEOUT: Duration = Duration::from_secs(60);
/// A function that has read less from the disk had its files in the page cache.
const CACHED_READ_MEGABYTES: f64 = 1.0;
const FIRST_POLL: &str = "process start to first poll, models ready";
const FIRST_RESPONSE: &str = "first event, which starts the process, to its response";
const CPU_TIME: &str = "CPU time until the first poll";
const FROM_DISK: &str = "read from the disk until the first poll";
const IN_MEMORY: &str = "files in memory";
const ON_DISK: &str = "files on the disk";

struct StartSample {
    milliseconds: f64,
    disk_megabytes: f64,
    cpu_ms: f64,
}

/// Times in milliseconds, the reference's and ours.
type Times = [Vec<f64>; 2];

pub struct ColdBench {
    pub figures: Figures,
    /// The median time to the first poll in milliseconds, the reference's and ours.
    pub first_poll: [f64; 2],
}

/// The measurements of all runs. In each pair of times, the first is with the functions' files in the page cache, the
/// second without.
#[derive(Default)]
struct Measurements {
    polls: [Times; 2],
    responses: [Times; 2],
    cpu_times: Times,
    disk_reads: Times,
}

pub fn run(context: &BenchContext) -> Result<ColdBench> {
    let rig = BenchRig::start(context)?;
    let runs = context.repetitions(RUNS);
    let (mut measured, mut first_detection) = (Measurements::default(), FirstDetection::default());
    let mut step = ProgressStep::start("starting both functions");
    // A run that is not counted, so that all files are in the page cache.
    for implementation in IMPLEMENTATIONS {
        first_poll(&rig, implementation)?;
        first_response(&rig, implementation)?;
    }
    page_cache::sync(&context.results_dir())?;
    for run in 0..runs {
        step.advance(run as u64, runs as u64);
        measured.start(&rig, false)?;
        measured.start(&rig, true)?;
        first_detection.measure(&rig)?;
    }
    let mut notes = rig.photos.notes.clone();
    let mut groups = measured.groups(&mut notes);
    groups.push(first_detection.group());
    Ok(ColdBench {
        first_poll: measured.polls[0].each_ref().map(|times| median(times)),
        figures: Figures {
            groups,
            method: format!(
                "Medians of {runs} alternating run(s). The first poll is the first request for an event to a fake of \
                 Lambda's Runtime API; the first response is that of AWS's emulator, which starts the function when \
                 it gets the event. The event names {} on a loopback S3.",
                rig.photos.small.title()
            ),
            notes,
        },
    })
}

impl Measurements {
    fn start(&mut self, rig: &BenchRig, on_disk: bool) -> Result<()> {
        for (index, implementation) in IMPLEMENTATIONS.into_iter().enumerate() {
            let files = if on_disk { rig.files(implementation) } else { Vec::new() };
            files.iter().try_for_each(|path| page_cache::evict(path))?;
            let poll = first_poll(rig, implementation)?;
            self.polls[usize::from(on_disk)][index].push(poll.milliseconds);
            if on_disk {
                self.disk_reads[index].push(poll.disk_megabytes);
            } else {
                self.cpu_times[index].push(poll.cpu_ms);
            }
            files.iter().try_for_each(|path| page_cache::evict(path))?;
            self.responses[usize::from(on_disk)][index].push(first_response(rig, implementation)?);
        }
        Ok(())
    }

    fn groups(&self, notes: &mut Vec<String>) -> Vec<Group> {
        let values = |times: &Times| by_implementation(times.each_ref().map(|times| median(times)));
        let from_disk = self.disk_reads.iter().all(|read| median(read) > CACHED_READ_MEGABYTES);
        let group = |title: &str, times: &[Times; 2]| {
            let group = Group::new(title, Unit::Milliseconds, Some(REFERENCE));
            let mut group = group.in_comparison().with_case(IN_MEMORY, &values(&times[0]));
            if from_disk {
                group.add_case(ON_DISK, &values(&times[1]));
            }
            group
        };
        let used = Group::new(CPU_TIME, Unit::Milliseconds, Some(REFERENCE));
        let mut groups = vec![
            group(FIRST_POLL, &self.polls),
            group(FIRST_RESPONSE, &self.responses),
            used.with_case(IN_MEMORY, &values(&self.cpu_times)),
        ];
        if from_disk {
            let read = Group::new(FROM_DISK, Unit::Megabytes, Some(REFERENCE));
            groups.push(read.with_case(ON_DISK, &values(&self.disk_reads)));
        } else {
            notes.push(format!(
                "starts with files on the disk were skipped: this system keeps files in its page cache despite \
                 fadvise, and the functions read only {:.1} and {:.1} MB from the disk",
                median(&self.disk_reads[0]),
                median(&self.disk_reads[1])
            ));
        }
        groups
    }
}

fn first_poll(rig: &BenchRig, implementation: Implementation) -> Result<StartSample> {
    let lambda = FakeRuntimeApi::start()?;
    let log = tempfile::NamedTempFile::new().context("failed to create a temporary file")?;
    let command = rig.command(implementation);
    let (program, arguments) = command.split_first().context("the command is empty")?;
    let sh = Shell::new()?;
    sh.change_dir(rig.working_dir(implementation));
    let run = cmd!(sh, "{program} {arguments...}")
        .env_clear()
        .envs(rig.environment(implementation))
        .env("AWS_LAMBDA_RUNTIME_API", lambda.address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", &rig.function_name)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3008");
    let start = Instant::now();
    let process = Child::start_logged(run, log.path())?;
    let polled = lambda.wait_for_poll(FIRST_POLL_TIMEOUT).with_context(|| {
        let log_text = fs_err::read_to_string(log.path()).unwrap_or_default();
        format!("the log of the function, {}: {log_text}", implementation.name())
    })?;
    Ok(StartSample {
        milliseconds: as_milliseconds(&(polled - start)),
        disk_megabytes: process::disk_read_bytes(process.id())? / 1e6,
        cpu_ms: process::thread_cpu_time_ms(process.id())?,
    })
}

fn first_response(rig: &BenchRig, implementation: Implementation) -> Result<f64> {
    let emulator = rig.start_function(implementation)?;
    time_ms(|| BenchRig::detect_faces(&emulator, &rig.photos.small).map(drop))
}
