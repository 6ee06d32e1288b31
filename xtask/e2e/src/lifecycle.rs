//! Builds that are killed, started twice at once, repeated and changed, with the real OpenCV: a
//! small recipe in a folder of its own, with the toolchain and the source of the project.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fs_err as fs;
use fs_err::os::unix::fs::symlink;
use serde_json::Value;
use support::progress::tell;

use super::promises;
use package::build::Build;
use package::user_cache;
use package::workspace::Workspace;
use support::child::Child;
use support::files::temporary_in;
use support::run::{Shell, cmd};

use super::programs;

/// How long to wait for a build to come to a point, on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs the builds.
pub fn test(build: &Build) -> Result<()> {
    let workspace = &build.workspace;
    // The toolchain and the source must be there to be shared.
    build.opencv()?;
    let folder = temporary_in(&workspace.target(), "lifecycle-")?;
    let site = Site::new(workspace, folder.path())?;

    tell("killing a build while it compiles");
    site.write_recipe(&["core"])?;
    let first = site.start("first")?;
    site.wait_until_compiling(&first)?;
    first.kill().context("failed to kill a build")?;
    ensure!(!site.sdk().exists(), "a killed build left an SDK");
    let whole = site.steps()?;

    tell("starting two builds at once");
    let (second, third) = (site.start("second")?, site.start("third")?);
    let answers = [site.finish(second, "second")?, site.finish(third, "third")?];
    let cached: Vec<_> = answers
        .iter()
        .map(|answer| answer["cached"] == true)
        .collect();
    ensure!(
        cached.contains(&true) && cached.contains(&false),
        "two builds did the same work"
    );
    let said = site.story("second")? + &site.story("third")?;
    ensure!(
        said.contains("is building here"),
        "nobody said that it waits: {said}"
    );

    let rest = site.steps()?;
    ensure!(
        rest < whole,
        "after a killed build all {whole} steps were done again, and not only the rest"
    );

    tell("adding a module");
    site.write_recipe(&["core", "flann"])?;
    let answer = site.finish(site.start("fourth")?, "fourth")?;
    ensure!(answer["cached"] == false, "the new module was not built");
    let compiled = site.compiled()?;
    let of = |module: &str| compiled.iter().filter(|line| line.contains(module)).count();
    ensure!(
        of("modules/flann") > 0,
        "nothing of the new module was compiled"
    );
    let core = of("modules/core/");
    ensure!(core == 0, "{core} files of core were compiled again");

    tell("building without a change");
    let answer = site.finish(site.start("fifth")?, "fifth")?;
    ensure!(
        answer["cached"] == true,
        "an SDK that is there was built again"
    );
    promises::tried(
        "an interrupted build is taken up again",
        "a build that is killed, two at once, a changed one, an unchanged one",
        5,
        0,
    );
    Ok(())
}

/// A target folder and a recipe of its own.
pub struct Site {
    folder: PathBuf,
    recipe: PathBuf,
    /// Where the toolchain and downloads are.
    cache: PathBuf,
    /// The package index that is asked, where it is not the usual one.
    index: Option<String>,
}

impl Site {
    /// One in `folder` that shares what was downloaded and installed.
    pub fn new(workspace: &Workspace, folder: &Path) -> Result<Self> {
        Ok(Self {
            folder: folder.to_owned(),
            recipe: folder.join("opencv.toml"),
            cache: workspace.paths()?.shared().to_owned(),
            index: None,
        })
    }

    /// One that downloads again, from `index`, into `folder`.
    pub fn with_index(workspace: &Workspace, folder: &Path, index: String) -> Result<Self> {
        symlink(workspace.paths()?.toolchain(), folder.join("toolchain"))?;
        Ok(Self {
            cache: folder.to_owned(),
            index: Some(index),
            ..Self::new(workspace, folder)?
        })
    }

    /// Writes a recipe of these modules, without formats.
    pub fn write_recipe(&self, modules: &[&str]) -> Result<()> {
        let mut recipe: toml::Table = toml::from_str(include_str!("../../../opencv.toml"))?;
        let modules: Vec<_> = modules
            .iter()
            .map(|name| toml::Value::from(*name))
            .collect();
        recipe.insert("modules".into(), modules.into());
        recipe.insert("codecs".into(), toml::Value::Array(Vec::new()));
        fs::write(&self.recipe, toml::to_string(&recipe)?)?;
        Ok(())
    }

    /// Starts a build, whose answer and story are kept in files of its name.
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
            .stdout(file("answer")?)
            .stderr(file("story")?);
        Child::start(&mut build)
    }

    /// `cargo xtask VERB` with this target folder.
    pub fn xtask(&self, verb: &str) -> Result<Command> {
        let (sh, xtask) = (Shell::new()?, programs::xtask()?);
        let xtask = cmd!(sh, "{xtask} {verb}")
            .env("CARGO_TARGET_DIR", &self.folder)
            .env(user_cache::VARIABLE, &self.cache)
            // A killed build leaves its temporary files.
            .env("TMPDIR", &self.folder)
            .envs(self.index.iter().map(|index| ("PIP_INDEX_URL", index)));
        Ok(xtask.into())
    }

    /// Waits for a build to succeed, and returns its answer.
    pub fn finish(&self, build: Child, name: &str) -> Result<Value> {
        let status = build.wait()?;
        ensure!(
            status.success(),
            "the {name} build failed: {}",
            self.story(name)?
        );
        let answer = fs::read_to_string(self.folder.join(format!("{name}.answer")))?;
        serde_json::from_str(&answer).context("a build's answer is no JSON")
    }

    /// What a build said.
    pub fn story(&self, name: &str) -> Result<String> {
        Ok(fs::read_to_string(
            self.folder.join(format!("{name}.story")),
        )?)
    }

    /// Where the SDK goes.
    pub fn sdk(&self) -> PathBuf {
        self.folder.join("sdk/x86_64-glibc2.26")
    }

    /// Everything that it makes lies below this.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the work is done.
    pub fn work(&self) -> PathBuf {
        self.folder.join("opencv/x86_64-glibc2.26")
    }

    fn log(&self) -> PathBuf {
        self.work().join("build.log")
    }

    /// The lines that ninja printed when it compiled something, in the last build.
    fn compiled(&self) -> Result<Vec<String>> {
        let log = fs::read_to_string(self.log())?;
        let lines = log.lines().filter(|line| line.contains("] Building "));
        Ok(lines.map(str::to_owned).collect())
    }

    /// How many steps ninja had to do in the last build: the number after the slash.
    fn steps(&self) -> Result<u32> {
        let log = fs::read_to_string(self.log())?;
        let totals = log.lines().filter_map(|line| {
            let (_, rest) = line.strip_prefix('[')?.split_once('/')?;
            rest.split_once(']')?.0.parse().ok()
        });
        totals.max().context("ninja did nothing")
    }

    fn wait_until_compiling(&self, build: &Child) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = build.try_wait()? {
                bail!(
                    "a build ended before it could be killed: {status}: {}",
                    self.story("first")?
                );
            }
            if fs::read_to_string(self.log()).is_ok_and(|log| log.contains("[20/")) {
                return Ok(());
            }
            sleep(Duration::from_millis(100));
        }
        bail!(
            "a build did not begin to compile within {} s",
            PATIENCE.as_secs()
        )
    }
}
