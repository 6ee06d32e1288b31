//! `cargo xtask test-local`: the function's image under AWS's emulator, with an S3 server, asked
//! about real photos.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::thread::park;
use std::time::Instant;

use anyhow::{Result, ensure};
use fs_err as fs;
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use serde::Serialize;
use serde_json::{Value, json};
use support::files::name;
use support::median::median;
use support::progress::tell;

use crate::engine::Engine;
use crate::expected::Expected;
use crate::gateway::Gateway;
use crate::site::Site;
use package::build::{self, Build};
use package::build_function::built;
use package::workspace::Workspace;
use support::answer::{Answer, path, print, size};

pub const BUCKET: &str = "photos";
/// How often the first photo is asked about again; the median of these is the warm time.
const WARM_RUNS: usize = 5;

/// What to try.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Arguments {
    /// Photos to look for faces in; without any, one of OpenCV's own samples
    pub photos: Vec<PathBuf>,

    /// How to run the image: docker if an engine answers, otherwise none
    #[arg(long)]
    pub engine: Option<Engine>,

    /// Check the faces against this file (for the form, see xtask/local/data/samples-wheel-4.5.5.json)
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,

    /// Leave everything running until Ctrl-C, and print how to post an event
    #[arg(long)]
    pub keep: bool,
}

#[derive(Serialize)]
pub struct LocalAnswer {
    engine: Engine,
    cold_ms: f64,
    warm_ms: f64,
    answers: Vec<PhotoAnswer>,
    #[serde(skip)]
    image_bytes: u64,
}

#[derive(Serialize)]
struct PhotoAnswer {
    photo: PathBuf,
    milliseconds: f64,
    response: Value,
    annotated: PathBuf,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let build = Build::read(&build::Arguments::default())?;
    let (sdk, binary) = built(&build)?;
    let then = |answer: LocalAnswer, site: &Site| {
        print(&answer, json)?;
        if arguments.keep {
            keep(site, &answer)?;
        }
        Ok(())
    };
    try_photos(&build.workspace, &sdk, &binary, arguments, then)
}

/// Tries the function; `then` has the answer while everything still runs.
pub fn try_photos<T>(
    workspace: &Workspace,
    sdk: &Sdk,
    binary: &FunctionBinary,
    arguments: &Arguments,
    then: impl FnOnce(LocalAnswer, &Site) -> Result<T>,
) -> Result<T> {
    let photos = photos(arguments, sdk)?;
    let expected = match &arguments.expect {
        Some(path) => Expected::read(path)?,
        None => Expected::of_samples(&sdk.path().join("share/samples"))?,
    };
    let engine = Engine::choose(arguments.engine)?;
    let site = Site::start(workspace, (sdk, binary), engine, &[])?;
    site.storage.create_bucket(BUCKET)?;
    for (photo, key) in &photos {
        site.storage.put(BUCKET, key, photo)?;
    }
    let mut answers = Vec::new();
    let mut cold_ms = None;
    for (photo, key) in &photos {
        let start = Instant::now();
        let response = site.invoke(&event(key))?;
        let milliseconds = milliseconds(start);
        cold_ms.get_or_insert(self::milliseconds(site.emulator.started));
        expected.check(photo, BUCKET, key, &response)?;
        let annotated = site.results.join(format!("{key}_rs.jpg"));
        let file = site.storage.get(BUCKET, &format!("{key}_rs.jpg"))?;
        ensure!(
            file.starts_with(&[0xff, 0xd8]),
            "the annotated photo is no JPEG file"
        );
        fs::write(&annotated, file)?;
        answers.push(PhotoAnswer {
            photo: photo.clone(),
            milliseconds,
            response,
            annotated,
        });
    }
    let warm_ms = warm(&site, &expected, &photos[0])?;
    let answer = LocalAnswer {
        engine,
        cold_ms: cold_ms.unwrap_or_default(),
        warm_ms,
        answers,
        image_bytes: site.image_bytes,
    };
    then(answer, &site)
}

/// The photos and the keys that they get: their names, which must differ.
fn photos(arguments: &Arguments, sdk: &Sdk) -> Result<Vec<(PathBuf, String)>> {
    let asked = match arguments.photos.as_slice() {
        [] => vec![sdk.path().join("share/samples/lena.jpg")],
        photos => photos.to_vec(),
    };
    let mut keys = HashSet::new();
    let mut photos = Vec::new();
    for photo in asked {
        ensure!(photo.is_file(), "there is no photo `{}`", photo.display());
        let key = name(&photo);
        ensure!(keys.insert(key.clone()), "two photos have the name `{key}`");
        photos.push((photo, key));
    }
    Ok(photos)
}

fn event(key: &str) -> Value {
    json!({"BUCKET_NAME": BUCKET, "S3_KEY": key})
}

fn warm(site: &Site, expected: &Expected, photo: &(PathBuf, String)) -> Result<f64> {
    let (photo, key) = photo;
    let mut times = Vec::new();
    for _ in 0..WARM_RUNS {
        let start = Instant::now();
        let answer = site.invoke(&event(key))?;
        times.push(milliseconds(start));
        expected.check(photo, BUCKET, key, &answer)?;
    }
    Ok(median(&times))
}

fn milliseconds(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 1e4).round() / 10.0
}

fn keep(site: &Site, answer: &LocalAnswer) -> Result<()> {
    let photo = answer.answers.first().map(|answer| answer.photo.as_path());
    let name = photo.and_then(Path::file_name).unwrap_or_default();
    let gateway = Gateway::start(&site.emulator.url)?;
    tell(&format!(
        "Open {} in a browser, and drop a photo there. S3 is at {}. Post an event with\n  curl {} -d '{}'\n\
         Ctrl-C ends it all.",
        gateway.url(),
        site.storage.endpoint(),
        site.emulator.url,
        event(&name.to_string_lossy())
    ));
    loop {
        park();
    }
}

impl Answer for LocalAnswer {
    fn text(&self) -> String {
        let mut text = String::new();
        for answer in &self.answers {
            text += &format!(
                "{}\n  answer     {}\n  annotated  {}\n  time       {} ms\n",
                path(&answer.photo),
                answer.response,
                path(&answer.annotated),
                answer.milliseconds,
            );
        }
        text += &format!(
            "Engine {}: first answer {} ms after the start, then {} ms; the image is {}.",
            self.engine,
            self.cold_ms,
            self.warm_ms,
            size(self.image_bytes),
        );
        text
    }
}
