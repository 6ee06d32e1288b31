//! `cargo xtask bench cold`: from the start of a function's process to its first question for an event, with its
//! cascades ready, and from the first event to its answer; ours and Python's in turn, with their files in memory
//! and without.

mod cache;
mod stand_in;

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use support::child::Child;
use support::median::median;
use support::progress::Step;
use support::run::{Shell, cmd};

use self::stand_in::StandIn;
use super::figures::{Figures, Group, Unit};
use super::median::{in_milliseconds, time};
use super::process;
use super::scene::{PEER, SIDES, Scene, Side, of_both};
use super::setting::{Count, Setting};

const RUNS: Count = (15, 2);
/// How long a function may take, on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Who has read fewer megabytes from the disk than this had its files in memory.
const READ: f64 = 1.0;
const START: &str = "process start to first poll, cascades ready";
const ANSWER: &str = "first event, which starts the process, to its answer";
const USED: &str = "processors' time until the first poll";
const FROM_DISK: &str = "read from the disk until the first poll";
const IN_MEMORY: &str = "its files in memory";
const ON_DISK: &str = "its files on the disk";

struct Started {
    milliseconds: f64,
    /// Megabytes from the disk.
    read: f64,
    /// Milliseconds of processors.
    processor: f64,
}

/// Milliseconds, the peer's and ours.
type Times = [Vec<f64>; 2];

pub struct Cold {
    pub figures: Figures,
    /// The median time to the first poll, the peer's and ours.
    pub first_poll: [f64; 2],
}

/// Of all runs; of pairs, the first has the functions' files in memory and the second on the disk.
#[derive(Default)]
struct Measured {
    polls: [Times; 2],
    answers: [Times; 2],
    used: Times,
    read: Times,
}

pub fn run(setting: &Setting) -> Result<Cold> {
    let scene = Scene::set(setting)?;
    let runs = setting.count(RUNS);
    let mut measured = Measured::default();
    let mut step = Step::start("starting both functions");
    // Once without counting: then all files are in memory.
    for side in SIDES {
        first_poll(&scene, side)?;
        first_answer(&scene, side)?;
    }
    cache::settle(&setting.folder())?;
    for run in 0..runs {
        step.advance(run as u64, runs as u64);
        measured.start(&scene, false)?;
        measured.start(&scene, true)?;
    }
    let mut notes = scene.photos.notes.clone();
    Ok(Cold {
        first_poll: measured.polls[0].each_ref().map(|times| median(times)),
        figures: Figures {
            groups: measured.groups(&mut notes),
            method: format!(
                "Medians of {runs} run(s) in turn. The first poll is the first request for an event at a stand-in for \
                 Lambda's Runtime API, the first answer that of AWS's emulator, which starts the function when \
                 the event comes. The event names {} on a loopback S3.",
                scene.photos.small.title()
            ),
            notes,
        },
    })
}

impl Measured {
    fn start(&mut self, scene: &Scene, on_disk: bool) -> Result<()> {
        for (place, side) in SIDES.into_iter().enumerate() {
            let files = if on_disk {
                scene.files(side)
            } else {
                Vec::new()
            };
            files.iter().try_for_each(|path| cache::forget(path))?;
            let poll = first_poll(scene, side)?;
            self.polls[usize::from(on_disk)][place].push(poll.milliseconds);
            if on_disk {
                self.read[place].push(poll.read);
            } else {
                self.used[place].push(poll.processor);
            }
            files.iter().try_for_each(|path| cache::forget(path))?;
            self.answers[usize::from(on_disk)][place].push(first_answer(scene, side)?);
        }
        Ok(())
    }

    fn groups(&self, notes: &mut Vec<String>) -> Vec<Group> {
        let values = |times: &Times| of_both(times.each_ref().map(|times| median(times)));
        let from_disk = self.read.iter().all(|read| median(read) > READ);
        let group = |title: &str, times: &[Times; 2]| {
            let group = Group::new(title, Unit::Milliseconds, Some(PEER));
            let mut group = group.with(IN_MEMORY, &values(&times[0]));
            if from_disk {
                group.add(ON_DISK, &values(&times[1]));
            }
            group
        };
        let used = Group::new(USED, Unit::Milliseconds, Some(PEER));
        let mut groups = vec![
            group(START, &self.polls),
            group(ANSWER, &self.answers),
            used.with(IN_MEMORY, &values(&self.used)),
        ];
        if from_disk {
            let read = Group::new(FROM_DISK, Unit::Megabytes, Some(PEER));
            groups.push(read.with(ON_DISK, &values(&self.read)));
        } else {
            notes.push(format!(
                "starts with files on the disk were skipped: this system keeps them in memory when it is asked to \
                 forget them, and the functions read {:.1} and {:.1} MB",
                median(&self.read[0]),
                median(&self.read[1])
            ));
        }
        groups
    }
}

fn first_poll(scene: &Scene, side: Side) -> Result<Started> {
    let lambda = StandIn::start()?;
    let log = tempfile::NamedTempFile::new().context("failed to create a temporary file")?;
    let command = scene.command(side);
    let (program, arguments) = command.split_first().context("there is no command")?;
    let sh = Shell::new()?;
    sh.change_dir(scene.work(side));
    let run = cmd!(sh, "{program} {arguments...}")
        .env_clear()
        .envs(scene.environment())
        .env("AWS_LAMBDA_RUNTIME_API", lambda.address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "face-detect")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3008");
    let start = Instant::now();
    let process = Child::logged(run, log.path())?;
    let asked = lambda.asked(PATIENCE).with_context(|| {
        let said = fs_err::read_to_string(log.path()).unwrap_or_default();
        format!("the function, {}, said: {said}", side.name())
    })?;
    Ok(Started {
        milliseconds: in_milliseconds(&(asked - start)),
        read: process::read_from_disk(process.id())? / 1e6,
        processor: process::processor_time_of_threads(process.id())?,
    })
}

fn first_answer(scene: &Scene, side: Side) -> Result<f64> {
    let emulator = scene.start(side)?;
    time(|| scene.look(&emulator, &scene.photos.small).map(drop))
}
