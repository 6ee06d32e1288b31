//! Kills, repeats and changes builds of the real OpenCV, and runs two at once: with a small recipe in a folder of its
//! own, and the toolchain and source of the project.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use fs_err::os::unix::fs::symlink;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use support::progress::print_status;

use super::promises;
use package::build::Build;
use package::sdk_cache;
use package::user_cache;
use package::workspace::Workspace;
use support::child::Child;
use support::files::temporary_dir_in;
use support::process::descendants;
use support::run::{Shell, cmd};

use super::programs;

/// The limit for a build to start compiling, on a slow and busy machine.
const TIMEOUT: Duration = Duration::from_secs(600);
/// The number of processes below a build that compiles: its own that runs cmake, cmake, ninja, and a compiler.
const COMPILING_PROCESSES: usize = 4;
/// The limit for the processes of a terminated build to end.
const END_TIMEOUT: Duration = Duration::from_secs(2);

pub fn test(build: &Build) -> Result<()> {
    let workspace = &build.workspace;
    // Provides the toolchain and the source.
    build.build_opencv()?;
    let folder = temporary_dir_in(&workspace.target_dir(), "interrupted-builds-")?;
    let fixture = BuildFixture::new(workspace, folder.path())?;

    print_status("killing a build while it compiles");
    fixture.write_recipe(&["core"])?;
    let first = fixture.start("first")?;
    fixture.wait_until_compiling(&first)?;
    first.kill().context("failed to kill a build")?;
    ensure!(!fixture.sdk().exists(), "a killed build left an SDK");
    let whole = fixture.steps()?;

    print_status("terminating a build while it compiles");
    let terminated = fixture.start("terminated")?;
    ensure_ends_with_descendants(&terminated)?;

    print_status("starting two builds at once");
    let (second, third) = (fixture.start("second")?, fixture.start("third")?);
    let command_outputs = [
        fixture.wait_for_success(second, "second")?,
        fixture.wait_for_success(third, "third")?,
    ];
    let cached: Vec<_> = command_outputs
        .iter()
        .map(|command_output| command_output["cached"] == true)
        .collect();
    ensure!(
        cached.contains(&true) && cached.contains(&false),
        "two builds did the same work"
    );
    let output_text = fixture.stderr_log("second")? + &fixture.stderr_log("third")?;
    ensure!(
        output_text.contains("is building here"),
        "neither build reports that it waits: {output_text}"
    );

    let rest = fixture.steps()?;
    ensure!(
        rest < whole,
        "after a killed build, all {whole} steps ran again instead of only the rest"
    );

    print_status("adding a module");
    fixture.write_recipe(&["core", "flann"])?;
    let command_output = fixture.wait_for_success(fixture.start("fourth")?, "fourth")?;
    ensure!(command_output["cached"] == false, "the new module was not built");
    let compiled = fixture.compiled()?;
    let of = |module: &str| compiled.iter().filter(|line| line.contains(module)).count();
    ensure!(of("modules/flann") > 0, "no file of the new module was compiled");
    let core = of("modules/core/");
    ensure!(core == 0, "{core} files of core were compiled again");

    print_status("building without a change");
    let command_output = fixture.wait_for_success(fixture.start("fifth")?, "fifth")?;
    ensure!(command_output["cached"] == true, "an existing SDK was built again");
    promises::record(
        "an interrupted build is resumed",
        "a killed build, a terminated one, two concurrent ones, a changed one, an unchanged one",
        6,
        0,
    );
    Ok(())
}

/// Sends SIGTERM to the build alone: it ends as after Ctrl-C, and everything that it started ends with it.
fn ensure_ends_with_descendants(build: &Child) -> Result<()> {
    let process = build.id();
    let start = Instant::now();
    let started = loop {
        let started = descendants(process);
        if started.len() >= COMPILING_PROCESSES {
            break started;
        }
        ensure!(start.elapsed() < TIMEOUT, "the build did not start to compile");
        sleep(Duration::from_millis(20));
    };
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    kill_process(pid.context("the build has an invalid process ID")?, Signal::TERM)?;
    let status = build.wait()?;
    ensure!(status.code() == Some(130), "a terminated build ended with {status}");
    let is_running = |process: &&u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"));
        // A zombie has ended.
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    let start = Instant::now();
    while let Some(process) = started.iter().find(is_running) {
        ensure!(
            start.elapsed() < END_TIMEOUT,
            "process {process} outlives the build that started it"
        );
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A separate target folder and recipe.
pub struct BuildFixture {
    folder: PathBuf,
    recipe: PathBuf,
    /// The folder of the toolchain and downloads.
    cache: PathBuf,
    /// The URL of a package index other than the default one.
    index: Option<String>,
}

impl BuildFixture {
    /// A fixture in `folder` that shares the project's toolchain and downloads.
    pub fn new(workspace: &Workspace, folder: &Path) -> Result<Self> {
        Ok(Self {
            folder: folder.to_owned(),
            recipe: folder.join("opencv.toml"),
            cache: workspace.build_paths()?.shared_dir().to_owned(),
            index: None,
        })
    }

    /// A fixture that shares the project's toolchain, but downloads from `index` to `folder`.
    pub fn with_index(workspace: &Workspace, folder: &Path, index: String) -> Result<Self> {
        symlink(workspace.build_paths()?.toolchain_dir(), folder.join("toolchain"))?;
        Ok(Self {
            cache: folder.to_owned(),
            index: Some(index),
            ..Self::new(workspace, folder)?
        })
    }

    /// Writes a recipe with these modules and without codecs.
    pub fn write_recipe(&self, modules: &[&str]) -> Result<()> {
        let mut recipe: toml::Table = toml::from_str(include_str!("../../../opencv.toml"))?;
        let modules: Vec<_> = modules.iter().map(|name| toml::Value::from(*name)).collect();
        recipe.insert("modules".into(), modules.into());
        recipe.insert("codecs".into(), toml::Value::Array(Vec::new()));
        fs::write(&self.recipe, toml::to_string(&recipe)?)?;
        Ok(())
    }

    /// Starts a build with its output in `NAME.stdout` and `NAME.stderr`.
    pub fn start(&self, name: &str) -> Result<Child> {
        let file = |kind: &str| -> Result<_> {
            let path = self.folder.join(format!("{name}.{kind}"));
            Ok(fs::File::create(&path)?.into_file())
        };
        let mut build = self.xtask("build-opencv")?;
        build
            .args(["--json", "--recipe"])
            .arg(&self.recipe)
            .stdin(Stdio::null())
            .stdout(file("stdout")?)
            .stderr(file("stderr")?);
        Child::start(&mut build)
    }

    /// `cargo xtask COMMAND` with this target folder.
    pub fn xtask(&self, command: &str) -> Result<Command> {
        let (sh, xtask) = (Shell::new()?, programs::xtask()?);
        let xtask = cmd!(sh, "{xtask} {command}")
            .env("CARGO_TARGET_DIR", &self.folder)
            .env(user_cache::CACHE_DIR_VARIABLE, &self.cache)
            .env_remove(sdk_cache::SDK_CACHE_VARIABLE)
            // A killed build leaves temporary files.
            .env("TMPDIR", &self.folder)
            .envs(self.index.iter().map(|index| ("PIP_INDEX_URL", index)));
        Ok(xtask.into())
    }

    /// Waits for a build to succeed, and returns its output.
    #[expect(clippy::needless_pass_by_value, reason = "a build that has ended is dropped")]
    pub fn wait_for_success(&self, build: Child, name: &str) -> Result<Value> {
        let status = build.wait()?;
        ensure!(status.success(), "the {name} build failed: {}", self.stderr_log(name)?);
        let command_output = fs::read_to_string(self.folder.join(format!("{name}.stdout")))?;
        serde_json::from_str(&command_output).context("the output of a build is not JSON")
    }

    pub fn stderr_log(&self, name: &str) -> Result<String> {
        Ok(fs::read_to_string(self.folder.join(format!("{name}.stderr")))?)
    }

    pub fn sdk(&self) -> PathBuf {
        self.folder.join("sdk/x86_64-glibc2.26")
    }

    /// The target folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of OpenCV's source and build.
    pub fn work_dir(&self) -> PathBuf {
        self.folder.join("opencv/x86_64-glibc2.26")
    }

    fn log(&self) -> PathBuf {
        self.work_dir().join("build.log")
    }

    /// ninja's lines about compilation in the last build.
    fn compiled(&self) -> Result<Vec<String>> {
        let log = fs::read_to_string(self.log())?;
        let lines = log.lines().filter(|line| line.contains("] Building "));
        Ok(lines.map(str::to_owned).collect())
    }

    /// The number of ninja's steps in the last build: `N` in `[1/N]`.
    fn steps(&self) -> Result<u32> {
        let log = fs::read_to_string(self.log())?;
        let totals = log.lines().filter_map(|line| {
            let (_, rest) = line.strip_prefix('[')?.split_once('/')?;
            rest.split_once(']')?.0.parse().ok()
        });
        totals.max().context("ninja ran no steps")
    }

    fn wait_until_compiling(&self, build: &Child) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < TIMEOUT {
            if let Some(status) = build.try_wait()? {
                bail!(
                    "a build ended before it could be killed: {status}: {}",
                    self.stderr_log("first")?
                );
            }
            if fs::read_to_string(self.log()).is_ok_and(|log| log.contains("[20/")) {
                return Ok(());
            }
            sleep(Duration::from_millis(100));
        }
        bail!("a build did not start compiling within {} s", TIMEOUT.as_secs())
    }
}
