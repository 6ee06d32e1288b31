//! `cargo xtask test-local`: runs a function's image under AWS's emulator with an S3 server, and sends requests: those
//! of the command line, or else the package's samples.

mod output;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use opencv_build::{Runner, Sdk};
use support::median::median;
use support::progress::print_status;
use support::run::shell_word;

use crate::engine::Engine;
use crate::expected::ExpectedPhotos;
use crate::gateway::Gateway;
use crate::local_lambda::LocalLambda;
use crate::request::{Answer, FunctionRequest, RequestKind};
pub use output::TestLocalOutput;
use output::{RequestOutput, saved_name};
use package::build::{self, Build};
use package::build_function::build_function;
use package::function::Function;
use package::function_package::{FunctionPackage, StoredObject};
use package::workspace::Workspace;
use support::output::{display_path, print};

/// Repetitions of the first request; the warm time is their median.
const WARM_RUNS: usize = 5;
/// How often `--keep` checks that the emulator still runs.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

#[derive(clap::Args, Clone, Debug, Default)]
// clap names the group after the struct, and another `Arguments` has that name already.
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub build: build::Arguments,

    /// Photos to send as the package's events for photos; without any request, the package's samples are sent
    pub photos: Vec<PathBuf>,

    /// Send this event, a JSON file; may be given several times
    #[arg(long, value_name = "FILE")]
    pub event: Vec<PathBuf>,

    /// Post this file, such as a photo, to a local function URL; may be given several times
    #[arg(long, value_name = "FILE")]
    pub http: Vec<PathBuf>,

    /// Put a file into the local S3 first; may be given several times
    #[arg(long, value_name = "BUCKET/KEY=FILE", value_parser = parse_object)]
    pub object: Vec<StoredObject>,

    /// The engine that runs the image; by default docker if an engine is running and starts programs for the
    /// architecture, otherwise none
    #[arg(long)]
    pub engine: Option<Engine>,

    /// Compare the answers to photos with this file, a JSON object with expected parts by the names of photos
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,

    /// Keep everything running until Ctrl-C, even if a request fails, and print how to send more
    #[arg(long)]
    pub keep: bool,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    if arguments.keep {
        return test_and_keep(&Build::read(&arguments.build)?, arguments, json);
    }
    let builds = Build::read_all(&arguments.build)?;
    for build in &builds {
        check_arguments(build, arguments)?;
    }
    let outputs = build::for_each(&builds, |build| {
        let (sdk, function) = build_function(build)?;
        test_requests(&build.workspace, &sdk, &function, arguments, |output, _| output)
    })?;
    print(&outputs, json)
}

fn test_and_keep(build: &Build, arguments: &Arguments, json: bool) -> Result<()> {
    check_arguments(build, arguments)?;
    let (sdk, function) = build_function(build)?;
    test_requests(&build.workspace, &sdk, &function, arguments, |output, lambda| {
        match output {
            Ok(output) => print(&output, json)?,
            Err(error) => print_status(&format!("error: {error:#}")),
        }
        keep_running(lambda, &build.package, arguments)
    })
}

/// Wrong arguments, a missing emulator and a missing glibc are reported before the build, which can take minutes.
fn check_arguments(build: &Build, arguments: &Arguments) -> Result<()> {
    requests(arguments, &build.package)?;
    if let Some(path) = &arguments.expect {
        ExpectedPhotos::read(path, "", &[])?;
    }
    let architecture = build.recipe.target.architecture;
    if Engine::choose(arguments.engine, architecture)? == Engine::None {
        Runner::find(architecture)?;
    }
    // The image has the libraries of its root folder.
    build.sysroot.root()?;
    Ok(())
}

/// Tests the function; `then` gets the output while the function still runs.
///
/// # Errors
/// The function cannot be started, or `then` fails; it gets the failure of a request.
pub fn test_requests<T>(
    workspace: &Workspace,
    sdk: &Sdk,
    function: &Function,
    arguments: &Arguments,
    then: impl FnOnce(Result<TestLocalOutput>, &LocalLambda) -> Result<T>,
) -> Result<T> {
    let requests = requests(arguments, &function.package)?;
    let expected = expected_photos(arguments, &function.package, sdk)?;
    let engine = Engine::choose(arguments.engine, function.architecture())?;
    let lambda = LocalLambda::start(workspace, (sdk, function), engine, &[])?;
    put_objects(&lambda, &requests, arguments)?;
    let output = send_all(&lambda, engine, &requests, (&arguments.object, expected.as_ref()));
    then(output, &lambda)
}

/// Puts all objects into S3: an event may name those of other requests.
fn put_objects(lambda: &LocalLambda, requests: &[FunctionRequest], arguments: &Arguments) -> Result<()> {
    let objects = requests.iter().flat_map(|request| &request.objects);
    lambda.storage.put_objects(objects.chain(&arguments.object))
}

/// The requests of the command line, or the package's samples.
fn requests(arguments: &Arguments, package: &FunctionPackage) -> Result<Vec<FunctionRequest>> {
    let mut requests = Vec::new();
    for photo in &arguments.photos {
        requests.push(FunctionRequest::photo(package, photo)?);
    }
    for event in &arguments.event {
        requests.push(FunctionRequest::event(event)?);
    }
    for file in &arguments.http {
        requests.push(FunctionRequest::http(file)?);
    }
    if requests.is_empty() {
        let samples = package.samples.iter();
        requests = samples
            .map(|sample| FunctionRequest::sample(package, sample))
            .collect::<Result<_>>()?;
    }
    ensure!(
        !requests.is_empty() || arguments.keep,
        "there is nothing to send; use `--event FILE` or `--http FILE`, or add `samples` to \
         `[package.metadata.lambda]` of `{}`",
        package.manifest.display()
    );
    ensure_different_outputs(&requests)?;
    Ok(requests)
}

/// Fails if one request would overwrite what another one has saved. Others may have files of the same name.
fn ensure_different_outputs(requests: &[FunctionRequest]) -> Result<()> {
    let mut files = HashMap::new();
    for request in requests {
        let Some(name) = saved_name(request) else {
            continue;
        };
        let file = display_path(request.file());
        if let Some(other) = files.insert(name.clone(), file.clone()) {
            bail!(
                "what the function writes for `{other}` and for `{file}` would both be saved as `{name}`; rename one, or \
                 send them with two commands"
            );
        }
    }
    Ok(())
}

fn expected_photos(arguments: &Arguments, package: &FunctionPackage, sdk: &Sdk) -> Result<Option<ExpectedPhotos>> {
    let Some(rule) = &package.photo else {
        ensure!(
            arguments.expect.is_none(),
            "`--expect` is for photos, which this function does not accept"
        );
        return Ok(None);
    };
    let pointer = rule.expected_at.as_str();
    if let Some(path) = &arguments.expect {
        return Ok(Some(ExpectedPhotos::read(path, pointer, &[])?));
    }
    let Some(path) = &rule.expected else {
        return Ok(None);
    };
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let folders = [folder, sdk.path().join("share/samples")];
    Ok(Some(ExpectedPhotos::read(path, pointer, &folders)?))
}

fn send_all(
    lambda: &LocalLambda,
    engine: Engine,
    requests: &[FunctionRequest],
    (objects, expected): (&[StoredObject], Option<&ExpectedPhotos>),
) -> Result<TestLocalOutput> {
    let gateway = Gateway::start(&lambda.emulator.url)?;
    let send = |request: &FunctionRequest| -> Result<(Answer, f64)> {
        let (answer, time) = request.send(lambda, &gateway, objects)?;
        check(request, &answer, expected).with_context(|| format!("`{}`", display_path(request.file())))?;
        Ok((answer, milliseconds(time)))
    };
    let mut results = Vec::new();
    let mut cold_ms = None;
    for request in requests {
        let (answer, time) = send(request)?;
        cold_ms.get_or_insert(milliseconds(lambda.emulator.started.elapsed()));
        results.push(RequestOutput::new(lambda, request, answer, time)?);
    }
    let mut times = Vec::new();
    for request in requests.first().into_iter().flat_map(|first| [first; WARM_RUNS]) {
        times.push(send(request)?.1);
    }
    Ok(TestLocalOutput {
        architecture: lambda.architecture,
        engine,
        emulated_by: lambda.emulated_by.clone(),
        cold_ms: cold_ms.unwrap_or_default(),
        warm_ms: if times.is_empty() { 0.0 } else { median(&times) },
        results,
        image_bytes: lambda.image_bytes,
    })
}

fn check(request: &FunctionRequest, answer: &Answer, expected_photos: Option<&ExpectedPhotos>) -> Result<()> {
    request.check(answer)?;
    match (&request.kind, expected_photos) {
        (RequestKind::Photo { photo, .. }, Some(expected)) => expected.check(photo, &answer.value),
        _ => Ok(()),
    }
}

pub(crate) fn parse_object(text: &str) -> Result<StoredObject> {
    let parts = text
        .split_once('=')
        .and_then(|(object, file)| Some((object.split_once('/')?, file)));
    let Some(((bucket, key), file)) = parts else {
        bail!("`{text}` is not an object in S3 with its content; write BUCKET/KEY=FILE");
    };
    ensure!(Path::new(file).is_file(), "there is no file `{file}`");
    Ok(StoredObject {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        file: file.into(),
    })
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}

fn keep_running(lambda: &LocalLambda, package: &FunctionPackage, arguments: &Arguments) -> Result<()> {
    let gateway = Gateway::start(&lambda.emulator.url)?;
    let requests = requests(arguments, package)?;
    // For the event that is printed: the function may have moved or deleted its objects.
    put_objects(lambda, &requests, arguments)?;
    let event = requests.iter().find_map(|request| match &request.kind {
        RequestKind::Event { event, .. } | RequestKind::Photo { event, .. } => Some(event.to_string()),
        RequestKind::Http(_) => None,
    });
    let has_objects = !arguments.object.is_empty() || requests.iter().any(|request| !request.objects.is_empty());
    let storage = format!(" S3 is at {}.", lambda.storage.endpoint());
    let storage = if has_objects { storage.as_str() } else { "" };
    print_status(&format!(
        "The function's URL is {}; open it in a browser, or post a file to it.{storage} Post an event with\n  \
         {}\nCtrl-C stops everything.",
        gateway.url(),
        curl_command(&lambda.emulator.url, event.as_deref().unwrap_or("{}"))
    ));
    loop {
        sleep(CHECK_INTERVAL);
        lambda.emulator.ensure_running()?;
    }
}

fn curl_command(url: &str, event: &str) -> String {
    format!("curl {url} -d {}", shell_word(event))
}

#[cfg(test)]
mod tests;
