//! `cargo xtask watch` with a copy of the function of another workspace: it serves a changed function, and the previous
//! one while the new one does not compile.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use package::build::Build;
use serde_json::{Value, json};
use support::child::Child;
use support::lock::Lock;
use support::progress::print_status;
use support::run::{Shell, cmd};

use super::{plain_function, programs};

/// For a first build on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(900);
const INTERVAL: Duration = Duration::from_millis(200);

pub fn test(build: &Build) -> Result<()> {
    conformance::skip_unless_runnable(&build.recipe.target)?;
    let watched = WatchedFunction::start(build)?;
    let url = watched.wait_for_line("/2015-03-31/")?;
    ensure!(invoke(&url)?["label"] == "the mean", "the first answer is wrong");

    let original = fs::read_to_string(&watched.source)?;
    print_status("changing the function");
    fs::write(&watched.source, original.replace("\"mean\": mean", "\"average\": mean"))?;
    watched.wait_for_answer(&url, |answer| answer["average"].is_number())?;

    print_status("breaking the function");
    fs::write(&watched.source, "fn main() { does not compile }")?;
    watched.wait_for_line("the previous version still serves")?;
    let answer = invoke(&url)?;
    ensure!(answer["average"].is_number(), "the previous version answers {answer}");

    print_status("repairing the function, and changing an asset");
    fs::write(&watched.source, &original)?;
    fs::write(watched.folder.join("labels/mean.txt"), "changed\n")?;
    watched.wait_for_answer(&url, |answer| {
        answer["mean"].is_number() && answer["label"] == "changed"
    })
}

struct WatchedFunction {
    folder: PathBuf,
    source: PathBuf,
    log: PathBuf,
    command: Child,
    _lock: Lock,
}

impl WatchedFunction {
    fn start(build: &Build) -> Result<Self> {
        let (folder, lock) = plain_function::copy_to(&build.workspace, "watched function")?;
        let (sh, program, manifest) = (Shell::new()?, programs::xtask()?, folder.join("Cargo.toml"));
        let log = folder.join("watch.log");
        let watch = cmd!(sh, "{program} watch --manifest-path {manifest}");
        let command = Child::start_logged(watch.env_remove("CARGO_TARGET_DIR"), &log)?;
        Ok(Self {
            source: folder.join("src/main.rs"),
            folder,
            log,
            command,
            _lock: lock,
        })
    }

    /// The first line of the command's output with `part`, trimmed.
    fn wait_for_line(&self, part: &str) -> Result<String> {
        let start = Instant::now();
        while start.elapsed() < TIMEOUT {
            let text = log_text(&self.log)?;
            if let Some(line) = text.lines().find(|line| line.contains(part)) {
                return Ok(line.trim().to_owned());
            }
            if let Some(status) = self.command.try_wait()? {
                bail!("`watch` ended with {status}: {text}");
            }
            sleep(INTERVAL);
        }
        bail!("`watch` did not print `{part}`: {}", log_text(&self.log)?)
    }

    fn wait_for_answer(&self, url: &str, is_expected: impl Fn(&Value) -> bool) -> Result<()> {
        let start = Instant::now();
        let mut last = Value::Null;
        while start.elapsed() < TIMEOUT {
            last = invoke(url)?;
            if is_expected(&last) {
                return Ok(());
            }
            sleep(INTERVAL);
        }
        bail!("the last answer is {last}: {}", log_text(&self.log)?)
    }
}

fn log_text(log: &Path) -> Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(log)?).into_owned())
}

fn invoke(url: &str) -> Result<Value> {
    let event = json!({"pixels": [1, 2, 3]});
    let mut response = ureq::post(url).send(event.to_string())?;
    let text = response.body_mut().read_to_string()?;
    serde_json::from_str(&text).with_context(|| format!("the response is {text}"))
}
