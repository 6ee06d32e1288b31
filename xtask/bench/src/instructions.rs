//! `cargo xtask bench instructions`: counts the instructions that the function executes on each architecture, under
//! qemu's user-mode emulators with a plugin. Counts do not depend on what else the machine does. They are not times: a
//! vector of AVX2 is twice as wide as one of NEON, and processors differ in how many instructions they execute per cycle.

mod counter;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use layer::Architecture;
use local::emulator::Emulator;
use local::launch::{EmulatorLauncher, unpack_for_launch};
use local::rie::Rie;
use local::s3::S3Server;
use opencv_build::Tools;
use package::artefacts::base::Base;
use package::artefacts::write_function_image;
use package::build::{self, ArchitectureSelection, Build};
use package::build_function::build_function;
use serde_json::{Value, json};
use support::child::Child;
use support::interruption::scratch_dir;
use support::median::median;
use support::progress::ProgressStep;
use support::run::{Shell, cmd};

use crate::cold::fake_runtime_api::FakeRuntimeApi;
use crate::context::{BenchContext, Repetitions};
use crate::figures::{Figures, Group, Unit};
use crate::photos::{Photo, Photos};
use counter::{Counter, build_plugin, emulator};

const BUCKET: &str = "photos";
const PRESETS: [&str; 2] = ["original", "balanced"];
/// The photos of 500x375 pixels and of 1986x1545, or the first only.
const PHOTOS: Repetitions = (2, 1);
/// Later events, of which the median counts.
const WARM_EVENTS: Repetitions = (5, 1);
/// Emulated programs are slow.
const START_TIMEOUT: Duration = Duration::from_secs(120);
const START: &str = "process start to the first request for an event";

/// Instructions in millions of one architecture.
struct Counts {
    start: f64,
    /// For each photo and preset: the first event, and the median of later ones.
    events: Vec<(String, [f64; 2])>,
}

/// The architectures whose instructions are counted, the reference first: this machine's, or the only selected one.
fn selected_architectures(selection: Option<ArchitectureSelection>) -> Vec<Architecture> {
    match (selection, Architecture::host()) {
        (Some(ArchitectureSelection::One(only)), _) => vec![only],
        (_, Some(host)) => vec![host, host.other()],
        (_, None) => Architecture::ALL.to_vec(),
    }
}

/// Before the build, which can take minutes.
///
/// # Errors
/// An emulator is missing.
pub fn require_emulators(selection: Option<ArchitectureSelection>) -> Result<()> {
    let mut all = selected_architectures(selection).into_iter();
    all.try_for_each(|architecture| emulator(architecture).map(drop))
}

/// The reference is this machine's architecture.
pub fn run(context: &BenchContext) -> Result<Figures> {
    let photos = Photos::collect(context)?;
    let host = context.function.architecture();
    let selected = selected_architectures(context.options.arch);
    let mut all = Vec::new();
    for architecture in selected.clone() {
        let build = Build::read(&build::Arguments {
            arch: Some(ArchitectureSelection::One(architecture)),
            ..build::Arguments::for_package(&context.options.package)
        })?;
        all.push((architecture.lambda_name(), count(context, &build, &photos)?));
    }
    let values = |of: &dyn Fn(&Counts) -> f64| all.iter().map(|(name, counts)| (*name, of(counts))).collect::<Vec<_>>();
    let reference = selected.contains(&host).then_some(host.lambda_name());
    let group = |title: &str| Group::new(title, Unit::MillionInstructions, reference);
    let mut groups = vec![group("start").with_case(START, &values(&|counts| counts.start))];
    for (number, title) in ["first event of a process", "later events"].into_iter().enumerate() {
        let mut group = group(title);
        for (index, (name, _)) in all[0].1.events.iter().enumerate() {
            group.add_case(name.clone(), &values(&|counts| counts.events[index].1[number]));
        }
        groups.push(group);
    }
    let processors: Vec<_> = selected.into_iter().map(processor).collect();
    Ok(Figures {
        groups,
        method: format!(
            "Instructions in millions of all threads of the function's process, counted by a plugin of qemu's user-mode \
             emulators, which emulate {}; later events are the median of {}. Events name photos on a loopback S3.",
            processors.join(" and "),
            context.repetitions(WARM_EVENTS)
        ),
        notes: photos.notes,
    })
}

/// The emulated processor: x86_64 has all that the emulator knows, AVX2 but not AVX-512.
fn processor(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "x86_64 with AVX2",
        Architecture::Aarch64 => "Neoverse N1 of Graviton2 with NEON",
    }
}

fn count(context: &BenchContext, build: &Build, photos: &Photos) -> Result<Counts> {
    let (sdk, function) = build_function(build)?;
    let architecture = function.architecture();
    let (scratch, _cleanup) = scratch_dir(&context.results_dir())?;
    let folder = scratch.path();
    let image = write_function_image(folder, "bench:instructions", &sdk, &function, &Base::Minimal)?;
    let root = std::path::absolute(folder.join("root"))?;
    let function = unpack_for_launch(&image, &root, architecture)?;
    let tools: &Tools = context.build.tools()?;
    let plugin = build_plugin(tools, folder)?;
    let _step = ProgressStep::start(format!("counting instructions of {}", architecture.lambda_name()));
    let emulated = |counter: &Counter| -> Result<Vec<OsString>> {
        let mut command = counter.command(architecture, &plugin)?;
        command.extend(function.iter().cloned());
        Ok(command)
    };
    let work = root.join("var/task");
    let mut events = Vec::new();
    for preset in PRESETS {
        for photo in [&photos.small, &photos.large]
            .into_iter()
            .take(context.repetitions(PHOTOS))
        {
            let counter = Counter::new(folder)?;
            let command = emulated(&counter)?;
            let counts = count_events(context, (&command, &work, folder), &counter, photo, preset)?;
            events.push((format!("{}, {preset}", photo.title()), counts));
        }
    }
    let counter = Counter::new(folder)?;
    let start = count_start(&emulated(&counter)?, &work, folder, &counter)?;
    Ok(Counts { start, events })
}

/// Starts the function with a fake of Lambda's Runtime API.
fn count_start(command: &[OsString], work: &Path, folder: &Path, counter: &Counter) -> Result<f64> {
    let lambda = FakeRuntimeApi::start()?;
    let (program, arguments) = command.split_first().context("the command is empty")?;
    let sh = Shell::new()?;
    sh.change_dir(work);
    let run = cmd!(sh, "{program} {arguments...}")
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", lambda.address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3008");
    let _process = Child::start_logged(run, &folder.join("start.log"))?;
    lambda.wait_for_poll(START_TIMEOUT)?;
    counter.millions()
}

/// The first event of a process, without its start, and the median of later ones.
fn count_events(
    context: &BenchContext,
    (command, work, folder): (&[OsString], &Path, &Path),
    counter: &Counter,
    photo: &Photo,
    preset: &str,
) -> Result<[f64; 2]> {
    let rie = Rie::for_host(&context.build.paths.toolchain_dir())?;
    let storage = S3Server::start()?;
    storage.create_bucket(BUCKET)?;
    storage.put(BUCKET, &photo.name, &photo.path)?;
    let launch = |launcher: EmulatorLauncher| launcher.launch_command(command, work);
    let emulator = Emulator::start((&rie, folder), &storage, &[], launch)?;
    let event = json!({"BUCKET_NAME": BUCKET, "S3_KEY": photo.name, "options": {"preset": preset}});
    let invoke = || -> Result<()> {
        let response = emulator.invoke(&event)?;
        let faces = response.pointer("/body/faces").and_then(Value::as_array);
        ensure!(
            faces.is_some_and(|faces| !faces.is_empty()),
            "the response is {response}"
        );
        Ok(())
    };
    invoke()?;
    let first = counter.millions()?;
    let mut later = Vec::new();
    for _ in 0..context.repetitions(WARM_EVENTS) {
        let before = counter.millions()?;
        invoke()?;
        later.push(counter.millions()? - before);
    }
    Ok([first, median(&later)])
}
