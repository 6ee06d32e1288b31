//! Kills builds at random points of every stage, with and without their child processes, and starts them again: the
//! result is identical to that of an undisturbed build. The same for writing images and archives.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::Sdk;
use package::function::Function;
use support::files::{file_name, sorted_entries, temporary_dir_in};
use support::progress::print_status;

use super::interrupted_builds::BuildFixture;
use super::{download_mirror, promises, tree_diff};
use package::build::Build;
use package::workspace::Workspace;
use support::child::Child;
use support::run::{Shell, cmd, run_checked};

use super::programs;

const PROMISE: &str = "a killed build that is started again has the same result";

/// The limit for a build to reach a stage, on a slow and busy machine.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The number of times that writing images and archives is killed.
const PACK_KILLS: usize = 20;

/// A stage of a build.
struct Stage {
    /// The status message at its start.
    message: &'static str,
    /// The number of builds that are killed in it.
    kills: usize,
    /// Paths in the target folder to remove before each build, so that it has to run the stage.
    removed: &'static [&'static str],
    /// Whether a build runs to its end after the last kill, and is compared.
    finished: bool,
}

/// Fifty kills in all.
const STAGES: [Stage; 5] = [
    Stage {
        message: "downloading",
        kills: 8,
        removed: &["downloads"],
        finished: false,
    },
    Stage {
        message: "extracting",
        kills: 8,
        removed: &["opencv/x86_64-glibc2.26/tree.fingerprint"],
        finished: false,
    },
    Stage {
        message: "configuring",
        kills: 6,
        removed: &["opencv/x86_64-glibc2.26/build"],
        finished: false,
    },
    Stage {
        message: "compiling OpenCV",
        kills: 18,
        removed: &[],
        finished: true,
    },
    Stage {
        message: "linking a program",
        kills: 10,
        removed: &[],
        finished: true,
    },
];

/// Kills builds of a small recipe. The toolchain and the source are shared with the project.
pub fn test(build: &Build, seed: u64) -> Result<()> {
    let workspace = &build.workspace;
    build.build_opencv()?;
    let folder = |prefix| temporary_dir_in(&workspace.target_dir(), prefix);
    let (reference, interrupted) = (folder("undisturbed-")?, folder("killed-")?);
    let undisturbed = BuildFixture::new(workspace, reference.path())?;
    let index = download_mirror::start(&workspace.build_paths()?.downloads_dir())?;
    let killed = BuildFixture::with_index(workspace, interrupted.path(), index)?;
    undisturbed.write_recipe(&["core"])?;
    killed.write_recipe(&["core"])?;
    print_status("downloading without a build");
    run_checked(&mut killed.xtask("fetch")?)?;
    let downloads = sorted_entries(&interrupted.path().join("downloads"))?;
    let archives = downloads
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "gz"));
    ensure!(
        archives.count() == 2,
        "expected the archives of OpenCV and its libraries, found {downloads:?}"
    );

    print_status("building without interruption");
    undisturbed.wait_for_success(undisturbed.start("undisturbed")?, "undisturbed")?;

    print_status(&format!("seed {seed}"));
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut kills, mut wrong) = (0, Vec::new());
    for stage in &STAGES {
        for _ in 0..stage.kills {
            kills += usize::from(kill_in_stage(stage, &killed, kills + 1, &mut random)?);
            // After a kill, the SDK is complete or does not exist.
            if killed.sdk().exists() {
                if let Err(error) = tree_diff::ensure_same(&undisturbed.sdk(), &killed.sdk()) {
                    wrong.push(format!("after kill {kills}: {error:#}"));
                }
                fs::remove_dir_all(killed.sdk())?;
            }
        }
        if !stage.finished {
            continue;
        }
        let finished = killed.start("finished")?;
        let finished = killed.wait_for_success(finished, "finished");
        let same = finished.and_then(|_| tree_diff::ensure_same(&undisturbed.sdk(), &killed.sdk()));
        match same {
            Ok(files) => print_status(&format!(
                "killed {} times after `{}`: all {files} files are the same",
                stage.kills, stage.message
            )),
            Err(error) => wrong.push(format!("killed after `{}`: {error:#}", stage.message)),
        }
        if killed.sdk().exists() {
            fs::remove_dir_all(killed.sdk())?;
        }
    }
    promises::record(PROMISE, "builds of OpenCV, killed", kills, wrong.len());
    let planned: usize = STAGES.iter().map(|stage| stage.kills).sum();
    ensure!(
        kills * 10 >= planned * 9,
        "only {kills} of {planned} builds reached the stage in which to kill them"
    );
    ensure!(wrong.is_empty(), "{}", wrong.join("\n  "));
    Ok(())
}

/// Starts a build, and kills it within the stage. Returns whether it reached the stage.
fn kill_in_stage(stage: &Stage, fixture: &BuildFixture, number: usize, random: &mut fastrand::Rng) -> Result<bool> {
    for name in stage.removed {
        remove(&fixture.folder().join(name))?;
    }
    let name = format!("kill-{number}");
    let build = fixture.start(&name)?;
    let start = Instant::now();
    let mut output_text = String::new();
    while !output_text.contains(stage.message) {
        output_text = fixture.stderr_log(&name)?;
        if let Some(status) = build.try_wait()? {
            ensure!(status.success(), "a build failed: {}", fixture.stderr_log(&name)?);
            return Ok(false);
        }
        ensure!(
            start.elapsed() < TIMEOUT,
            "a build did not print `{}` within {} s",
            stage.message,
            TIMEOUT.as_secs()
        );
        sleep(Duration::from_millis(5));
    }
    let wait = Duration::from_millis(random.u64(0..3000));
    sleep(wait);
    // Like the OOM killer, which kills one process, or like the end of a container, which kills all.
    let alone = random.bool();
    if alone {
        build.kill().context("failed to kill a build")?;
    } else {
        drop(build);
    }
    print_status(&format!(
        "  kill {number}: {} ms after `{}`{}",
        wait.as_millis(),
        stage.message,
        if alone { ", without its children" } else { "" }
    ));
    Ok(true)
}

/// Removes a file or folder, to which a surviving child process may still write.
fn remove(path: &Path) -> Result<()> {
    let start = Instant::now();
    while path.exists() {
        let removed = if path.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        };
        if removed.is_err() {
            ensure!(start.elapsed() < TIMEOUT, "failed to remove `{}`", path.display());
            sleep(Duration::from_millis(100));
        }
    }
    Ok(())
}

pub fn test_packing(_workspace: &Workspace, sdk: &Sdk, function: &Function, seed: u64) -> Result<()> {
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let (reference, interrupted) = (scratch.path().join("reference"), scratch.path().join("interrupted"));
    let start = Instant::now();
    ensure!(
        pack(sdk, function, &reference)?.wait()?.success(),
        "packaging failed without interruption"
    );
    let whole = start.elapsed();
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..PACK_KILLS {
        let _writing = pack(sdk, function, &interrupted)?;
        sleep(whole.mul_f64(random.f64()));
    }
    ensure!(
        pack(sdk, function, &interrupted)?.wait()?.success(),
        "packaging failed after it was killed"
    );
    // Files that a killed process leaves have names that begin with a dot.
    for path in sorted_entries(&interrupted)? {
        let name = file_name(&path);
        if name.starts_with('.') && !reference.join(&name).exists() {
            if path.is_dir() {
                fs::remove_dir_all(path)?;
            } else {
                fs::remove_file(path)?;
            }
        }
    }
    let same = tree_diff::ensure_same(&reference, &interrupted);
    promises::record(
        PROMISE,
        "images and archives, killed while they are written",
        PACK_KILLS,
        usize::from(same.is_err()),
    );
    print_status(&format!("{} files are the same", same?));
    Ok(())
}

fn pack(sdk: &Sdk, function: &Function, to: &Path) -> Result<Child> {
    fs::create_dir_all(to)?;
    let (sh, program, sdk) = (Shell::new()?, programs::pack_to()?, sdk.path());
    let (package, built) = (
        programs::write_package(function, &to.with_extension("json"))?,
        function.path(),
    );
    let mut pack = Command::from(cmd!(sh, "{program} {sdk} {package} {built} {to}"));
    pack.stdin(Stdio::null()).stdout(Stdio::null());
    Child::start(pack.stderr(Stdio::null()))
}
