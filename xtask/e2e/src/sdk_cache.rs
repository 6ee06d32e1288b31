//! SDKs in a real registry: the project's own is pushed, removed, pulled and linked; a small one is built again whenever
//! the registry fails or lies.

mod failures;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use package::build::Build;
use package::build_function::cargo_output;
use package::sdk_cache::SDK_CACHE_VARIABLE;
use serde_json::Value;
use support::files::temporary_dir_in;
use support::run::{Shell, cmd, wait_with_output};

use super::registries::Registry;
use super::{programs, promises, tree_diff};

pub use failures::test as failures;

/// The most seconds of a pull from loopback, on a slow and busy machine. A build takes minutes.
const PULL_LIMIT: f64 = 120.0;

/// Pushes the project's SDK, pulls it with two commands, and links the function with it.
pub fn test(build: &Build) -> Result<()> {
    let sdk = build.build_sdk()?;
    let scratch = temporary_dir_in(&build.workspace.target_dir(), ".sdk-cache-")?;
    let registry = Registry::start(scratch.path(), None)?;
    let cache = format!("{}/team/opencv-sdk", registry.address());
    let reference = format!("{cache}:{}", sdk.manifest().fingerprint);

    let pushed = run(&["build-opencv", "--cache", &cache, "--push-cache"], None)?;
    ensure!(
        pushed["origin"] == "cached" && pushed["cache"] == reference && pushed["pushed"]["existed"] == false,
        "the output of a push is {pushed}"
    );
    let again = run(&["build-opencv", "--push-cache"], Some(&cache))?;
    ensure!(
        again["pushed"]["existed"] == true && again["pushed"]["digest"] == pushed["pushed"]["digest"],
        "the output of a second push is {again}"
    );

    let log = build.paths.work_dir(&build.recipe.target).join("build.log");
    let log_before = modified(&log);
    let moved = MovedSdk::new(sdk.path(), scratch.path())?;
    let pulled = run(&["build-opencv", "--cache", &cache], None)?;
    ensure!(
        pulled["origin"] == "pulled" && pulled["fingerprint"] == sdk.manifest().fingerprint.to_string(),
        "the output of a pull is {pulled}"
    );
    let seconds = pulled["seconds"].as_f64().context("the output has no seconds")?;
    ensure!(seconds < PULL_LIMIT, "a pull took {seconds:.0} s");
    let same = tree_diff::ensure_same(&moved.copy, sdk.path());
    promises::record(
        "a pulled SDK is the one that was pushed",
        "the project's SDK",
        1,
        usize::from(same.is_err()),
    );
    same?;

    // Another command pulls it by the variable, and links it: the function's build script reads its `sdk.json`.
    fs::remove_dir_all(sdk.path())?;
    let start = SystemTime::now();
    run(&["build-function"], Some(&cache))?;
    // The program that is kept is not written again if it is the same.
    let program = cargo_output(&build.package, &build.recipe.target);
    ensure!(
        modified(&program).is_some_and(|time| time >= start),
        "the function was not linked again"
    );
    tree_diff::ensure_same(&moved.copy, sdk.path())?;
    ensure!(
        modified(&log) == log_before,
        "OpenCV was built although the registry has its SDK"
    );
    Ok(())
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}

/// The output of a command of `cargo xtask`, with the variable for the cache or without.
fn run(arguments: &[&str], variable: Option<&str>) -> Result<Value> {
    let (sh, xtask) = (Shell::new()?, programs::xtask()?);
    let command = cmd!(sh, "{xtask} --json {arguments...}").env_remove(SDK_CACHE_VARIABLE);
    let output = wait_with_output(command.envs(variable.map(|value| (SDK_CACHE_VARIABLE, value))))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{}` fails: {stderr}", arguments.join(" "));
    serde_json::from_slice(&output.stdout).with_context(|| format!("`{}` prints no JSON", arguments.join(" ")))
}

/// An SDK that was moved away, and is moved back if none is there at the end.
struct MovedSdk {
    path: PathBuf,
    copy: PathBuf,
}

impl MovedSdk {
    fn new(path: &Path, folder: &Path) -> Result<Self> {
        let copy = folder.join("moved");
        fs::rename(path, &copy)?;
        let path = path.to_owned();
        Ok(Self { path, copy })
    }
}

impl Drop for MovedSdk {
    fn drop(&mut self) {
        if !self.path.exists() {
            // If it fails, the next build builds it.
            let _ = fs::rename(&self.copy, &self.path);
        }
    }
}
