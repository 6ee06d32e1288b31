//! `cargo xtask bench cold`, `warm` and `memory` for a function that has no counterpart in Python: its samples, under
//! AWS's emulator.

use anyhow::{Context, Result, bail, ensure};
use local::engine::Engine;
use local::gateway::Gateway;
use local::local_lambda::LocalLambda;
use local::request::FunctionRequest;
use package::function_package::FunctionPackage;
use support::files::file_name;
use support::median::median;
use support::progress::ProgressStep;

use super::context::{BenchContext, Repetitions};
use super::figures::{Figures, Group, Unit};
use super::process::peak_memory_kb;
use super::rig::OURS;
use super::statistics::as_milliseconds;

const COLD_RUNS: Repetitions = (9, 1);
const WARM_RUNS: Repetitions = (100, 3);
const MEMORY_RUNS: Repetitions = (3, 1);
/// Invocations of a process before its peak memory is read.
const INVOCATIONS: Repetitions = (20, 2);

/// # Errors
/// The bench needs a counterpart in Python, and the package has none.
pub fn require_python_reference(package: &FunctionPackage, command: &str) -> Result<()> {
    if package.python_reference {
        return Ok(());
    }
    bail!(
        "`cargo xtask {command}` compares with functions in Python that do the same, and there is none for `{}`; for \
         its own figures, use `cargo xtask bench cold`, `warm`, `memory` or `image`",
        package.package
    )
}

/// The time from the first event, which starts the process, to its response.
pub fn cold(context: &BenchContext) -> Result<Figures> {
    let runs = context.repetitions(COLD_RUNS);
    let mut group = Group::new(
        "first event, which starts the process, to its response",
        Unit::Milliseconds,
        None,
    );
    for request in requests(context)? {
        let mut times = Vec::new();
        let mut step = ProgressStep::start("starting the function");
        for run in 0..runs {
            step.advance(run as u64, runs as u64);
            let function = RunningFunction::start(context)?;
            times.push(function.send(&request)?);
        }
        group.add_case(case(&request), &[(OURS, median(&times))]);
    }
    Ok(figures(
        group,
        &format!("Medians of {runs} start(s), with the function's files in the page cache."),
    ))
}

/// The time of an invocation of a running function.
pub fn warm(context: &BenchContext) -> Result<Figures> {
    let runs = context.repetitions(WARM_RUNS);
    let mut group = Group::new("whole invocation, median", Unit::Milliseconds, None);
    for request in requests(context)? {
        let function = RunningFunction::start(context)?;
        function.send(&request)?;
        let times: Result<Vec<_>> = (0..runs).map(|_| function.send(&request)).collect();
        group.add_case(case(&request), &[(OURS, median(&times?))]);
        let starts = function.lambda.emulator.start_count();
        ensure!(starts == 1, "the function was started {starts} times");
    }
    Ok(figures(
        group,
        &format!("{runs} invocation(s) after the first one, which is not counted."),
    ))
}

/// The peak memory of the function's process.
pub fn memory(context: &BenchContext) -> Result<Figures> {
    let (runs, invocations) = (context.repetitions(MEMORY_RUNS), context.repetitions(INVOCATIONS));
    let mut group = Group::new("peak resident memory", Unit::Megabytes, None);
    for request in requests(context)? {
        let mut peaks = Vec::new();
        for _ in 0..runs {
            let function = RunningFunction::start(context)?;
            for _ in 0..invocations {
                function.send(&request)?;
            }
            let process = function.lambda.emulator.function_process()?;
            peaks.push(peak_memory_kb::<f64>(process)? * 1024.0 / 1e6);
        }
        group.add_case(case(&request), &[(OURS, median(&peaks))]);
    }
    let method =
        format!("VmHWM of the function's process after {invocations} invocation(s); medians of {runs} process(es).");
    Ok(figures(group, &method))
}

fn requests(context: &BenchContext) -> Result<Vec<FunctionRequest>> {
    let package = &context.function.package;
    let manifest = package.manifest.display();
    ensure!(
        !package.samples.is_empty(),
        "there is nothing to measure: `[package.metadata.lambda]` of `{manifest}` has no `samples`; add one with \
         `event`, `http` or `photo`"
    );
    let samples = package.samples.iter();
    samples.map(|sample| FunctionRequest::sample(package, sample)).collect()
}

fn case(request: &FunctionRequest) -> String {
    file_name(request.file())
}

fn figures(group: Group, method: &str) -> Figures {
    Figures {
        method: format!("The package's samples under AWS's emulator. {method}"),
        notes: Vec::new(),
        groups: vec![group],
    }
}

struct RunningFunction {
    gateway: Gateway,
    lambda: LocalLambda,
}

impl RunningFunction {
    /// Starts the emulator; the function starts at the first request.
    fn start(context: &BenchContext) -> Result<Self> {
        let function = (&context.sdk, &context.function);
        let lambda = LocalLambda::start(&context.build.workspace, function, Engine::None, &[])?;
        Ok(Self {
            gateway: Gateway::start(&lambda.emulator.url)?,
            lambda,
        })
    }

    /// The time of an invocation, in milliseconds.
    fn send(&self, request: &FunctionRequest) -> Result<f64> {
        let (answer, time) = request.send(&self.lambda, &self.gateway, &[])?;
        let checked = request.check(&answer);
        checked.with_context(|| format!("`{}`", request.file().display()))?;
        Ok(as_milliseconds(&time))
    }
}
