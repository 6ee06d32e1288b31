//! `cargo xtask test-local`: runs the function's image under AWS's emulator with an S3 server, and invokes it with
//! real photos.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use fs_err as fs;
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use serde::Serialize;
use serde_json::{Value, json};
use support::files::file_name;
use support::median::median;
use support::progress::print_status;

use crate::engine::Engine;
use crate::expected::ExpectedFaces;
use crate::gateway::Gateway;
use crate::local_lambda::LocalLambda;
use package::build::{self, Build};
use package::build_function::build_binary;
use package::workspace::Workspace;
use support::output::{CommandOutput, display_path, format_bytes, print};

pub const BUCKET: &str = "photos";
/// Repeated invocations with the first photo; the warm time is their median.
const WARM_RUNS: usize = 5;
/// How often `--keep` checks that the emulator still runs.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

#[derive(clap::Args, Clone, Debug, Default)]
pub struct Arguments {
    /// Photos in which to detect faces; without any, the project's sample
    pub photos: Vec<PathBuf>,

    /// The engine that runs the image; by default docker if an engine is running, otherwise none
    #[arg(long)]
    pub engine: Option<Engine>,

    /// Check the faces against this file (for the format, see xtask/local/data/samples-wheel-4.5.5.json)
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,

    /// Keep everything running until Ctrl-C, and print how to post an event
    #[arg(long)]
    pub keep: bool,
}

#[derive(Serialize)]
pub struct TestLocalOutput {
    engine: Engine,
    cold_ms: f64,
    warm_ms: f64,
    results: Vec<PhotoOutput>,
    #[serde(skip)]
    image_bytes: u64,
}

#[derive(Serialize)]
struct PhotoOutput {
    photo: PathBuf,
    milliseconds: f64,
    response: Value,
    annotated: PathBuf,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let build = Build::read(&build::Arguments::default())?;
    // Wrong arguments are reported before the build, which can take minutes.
    photos(arguments, &build.workspace)?;
    if let Some(path) = &arguments.expect {
        ExpectedFaces::read(path)?;
    }
    let (sdk, binary) = build_binary(&build)?;
    let then = |output: TestLocalOutput, lambda: &LocalLambda| {
        print(&output, json)?;
        if arguments.keep {
            keep_running(lambda, &output)?;
        }
        Ok(())
    };
    test_photos(&build.workspace, &sdk, &binary, arguments, then)
}

/// Tests the function; `then` gets the output while the function still runs.
pub fn test_photos<T>(
    workspace: &Workspace,
    sdk: &Sdk,
    binary: &FunctionBinary,
    arguments: &Arguments,
    then: impl FnOnce(TestLocalOutput, &LocalLambda) -> Result<T>,
) -> Result<T> {
    let photos = photos(arguments, workspace)?;
    let expected = match &arguments.expect {
        Some(path) => ExpectedFaces::read(path)?,
        None => ExpectedFaces::of_samples([
            &sdk.path().join("share/samples"),
            &workspace.root().join("function/samples"),
        ])?,
    };
    let engine = Engine::choose(arguments.engine)?;
    let lambda = LocalLambda::start(workspace, (sdk, binary), engine, &[])?;
    lambda.storage.create_bucket(BUCKET)?;
    for (photo, key) in &photos {
        lambda.storage.put(BUCKET, key, photo)?;
    }
    let mut results = Vec::new();
    let mut cold_ms = None;
    for (photo, key) in &photos {
        let start = Instant::now();
        let response = lambda.invoke(&event(key))?;
        let milliseconds = milliseconds(start);
        cold_ms.get_or_insert(self::milliseconds(lambda.emulator.started));
        expected.check(photo, BUCKET, key, &response)?;
        let annotated = lambda.results.join(format!("{key}_rs.jpg"));
        let file = lambda.storage.get(BUCKET, &format!("{key}_rs.jpg"))?;
        ensure!(
            file.starts_with(&[0xff, 0xd8]),
            "the annotated photo is not a JPEG file"
        );
        fs::write(&annotated, file)?;
        results.push(PhotoOutput {
            photo: photo.clone(),
            milliseconds,
            response,
            annotated,
        });
    }
    let warm_ms = measure_warm(&lambda, &expected, &photos[0])?;
    let output = TestLocalOutput {
        engine,
        cold_ms: cold_ms.unwrap_or_default(),
        warm_ms,
        results,
        image_bytes: lambda.image_bytes,
    };
    then(output, &lambda)
}

/// The photos and their keys: the files' names, which must differ.
fn photos(arguments: &Arguments, workspace: &Workspace) -> Result<Vec<(PathBuf, String)>> {
    let requested = match arguments.photos.as_slice() {
        [] => vec![workspace.sample_photo()],
        photos => photos.to_vec(),
    };
    let mut keys = HashSet::new();
    let mut photos = Vec::new();
    for photo in requested {
        ensure!(photo.is_file(), "`{}` is not a file", photo.display());
        let key = file_name(&photo);
        ensure!(keys.insert(key.clone()), "two photos have the name `{key}`");
        photos.push((photo, key));
    }
    Ok(photos)
}

fn event(key: &str) -> Value {
    json!({"BUCKET_NAME": BUCKET, "S3_KEY": key})
}

fn measure_warm(lambda: &LocalLambda, expected: &ExpectedFaces, photo: &(PathBuf, String)) -> Result<f64> {
    let (photo, key) = photo;
    let mut times = Vec::new();
    for _ in 0..WARM_RUNS {
        let start = Instant::now();
        let function_response = lambda.invoke(&event(key))?;
        times.push(milliseconds(start));
        expected.check(photo, BUCKET, key, &function_response)?;
    }
    Ok(median(&times))
}

fn milliseconds(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 1e4).round() / 10.0
}

fn keep_running(lambda: &LocalLambda, output: &TestLocalOutput) -> Result<()> {
    let photo = output.results.first().map(|result| result.photo.as_path());
    let name = photo.and_then(Path::file_name).unwrap_or_default();
    let gateway = Gateway::start(&lambda.emulator.url)?;
    print_status(&format!(
        "Open {} in a browser, and drop a photo there. S3 is at {}. Post an event with\n  curl {} -d '{}'\n\
         Ctrl-C stops everything.",
        gateway.url(),
        lambda.storage.endpoint(),
        lambda.emulator.url,
        event(&name.to_string_lossy())
    ));
    loop {
        sleep(CHECK_INTERVAL);
        lambda.emulator.ensure_running()?;
    }
}

impl CommandOutput for TestLocalOutput {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for result in &self.results {
            text += &format!(
                "{}\n  response   {}\n  annotated  {}\n  time       {} ms\n",
                display_path(&result.photo),
                result.response,
                display_path(&result.annotated),
                result.milliseconds,
            );
        }
        text += &format!(
            "Engine {}: first response {} ms after the start, then {} ms; the image is {}.",
            self.engine,
            self.cold_ms,
            self.warm_ms,
            format_bytes(self.image_bytes),
        );
        text
    }
}
