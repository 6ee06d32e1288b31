//! Builds that are killed at random moments of every stage and started again, with and without
//! what they had started: in the end there is what an undisturbed build makes, byte for byte. The
//! same for writing images and archives.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use layer::elf::FunctionBinary;
use opencv_build::progress::tell;
use opencv_build::sdk::Sdk;

use super::lifecycle::Site;
use super::{mirror, promises, trees};
use crate::local::process::end;
use crate::workspace::{THIS_PROGRAM, Workspace};

const PROMISE: &str = "what is killed and started again makes the same bytes";

/// How long to wait for a build to come to a stage, on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often the writing of images and archives is killed.
const PACKS: usize = 20;

/// A part of a build.
struct Stage {
    /// What the build says when it begins.
    begins: &'static str,
    /// How often a build is killed in it.
    kills: usize,
    /// What is removed before each, below the target folder, so that there is something to do.
    removed: &'static [&'static str],
}

/// Fifty moments in all.
const STAGES: [Stage; 5] = [
    Stage {
        begins: "downloading",
        kills: 8,
        removed: &["downloads"],
    },
    Stage {
        begins: "unpacking",
        kills: 8,
        removed: &["opencv/x86_64-glibc2.26/tree.fingerprint"],
    },
    Stage {
        begins: "configuring",
        kills: 6,
        removed: &["opencv/x86_64-glibc2.26/build"],
    },
    Stage {
        begins: "compiling OpenCV",
        kills: 18,
        removed: &[],
    },
    Stage {
        begins: "linking a program",
        kills: 10,
        removed: &[],
    },
];

/// Kills builds of a small recipe.
pub fn test(workspace: &Workspace, seed: u64) -> Result<()> {
    // The toolchain and the source must be there to be shared.
    crate::build_opencv::built(workspace, &super::every_default())?;
    let folder = |name: &str| {
        tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir_in(workspace.target())
            .context("failed to create a folder for builds")
    };
    let (calm, rough) = (folder("undisturbed")?, folder("killed")?);
    let undisturbed = Site::new(workspace, calm.path())?;
    let index = mirror::start(&workspace.target().join("downloads"))?;
    let killed = Site::with_index(workspace, rough.path(), index)?;
    undisturbed.write_recipe(&["core"])?;
    killed.write_recipe(&["core"])?;
    tell("building without a disturbance");
    undisturbed.finish(undisturbed.start("undisturbed")?, "undisturbed")?;

    tell(&format!("seed {seed}"));
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut kills, mut wrong) = (0, Vec::new());
    for stage in &STAGES {
        for _ in 0..stage.kills {
            kills += 1;
            kill_in(stage, &killed, kills, &mut random)?;
            // What is there after a kill is whole, or it is not there.
            if killed.sdk().exists() {
                if let Err(error) = trees::same(&undisturbed.sdk(), &killed.sdk()) {
                    wrong.push(format!("after kill {kills}: {error:#}"));
                }
                fs::remove_dir_all(killed.sdk())?;
            }
        }
        let finished = killed.start("finished")?;
        let finished = killed.finish(finished, "finished");
        let same = finished.and_then(|_| trees::same(&undisturbed.sdk(), &killed.sdk()));
        match same {
            Ok(files) => tell(&format!(
                "killed {} times while it says `{}`: all {files} files are the same",
                stage.kills, stage.begins
            )),
            Err(error) => wrong.push(format!(
                "killed while it says `{}`: {error:#}",
                stage.begins
            )),
        }
        if killed.sdk().exists() {
            fs::remove_dir_all(killed.sdk())?;
        }
    }
    promises::tried(PROMISE, "builds of OpenCV, killed", kills, wrong.len());
    ensure!(wrong.is_empty(), "{}", wrong.join("\n  "));
    Ok(())
}

/// Starts a build, and kills it at a moment of the stage.
fn kill_in(stage: &Stage, site: &Site, number: usize, random: &mut fastrand::Rng) -> Result<()> {
    for name in stage.removed {
        let path = site.folder().join(name);
        if path.is_dir() {
            fs::remove_dir_all(&path)?;
        } else if path.exists() {
            fs::remove_file(&path)?;
        }
    }
    let name = format!("kill-{number}");
    let mut build = site.start(&name)?;
    let start = Instant::now();
    let mut said = String::new();
    while !said.contains(stage.begins) {
        said = site.story(&name)?;
        if build.0.try_wait()?.is_some() || start.elapsed() > PATIENCE {
            // It had nothing to do in that stage, or failed, which the next one says.
            return Ok(());
        }
        sleep(Duration::from_millis(5));
    }
    let wait = Duration::from_millis(random.u64(0..3000));
    sleep(wait);
    // As when memory is short, which takes one process, or as when a machine is stopped.
    let alone = random.bool();
    if alone {
        build.0.kill().context("failed to kill a build")?;
        build.0.wait()?;
    } else {
        end(&mut build.0);
    }
    tell(&format!(
        "  kill {number}: {} ms after `{}`{}",
        wait.as_millis(),
        stage.begins,
        if alone { ", alone" } else { "" }
    ));
    Ok(())
}

/// Kills the writing of images and archives.
pub fn packing(
    _workspace: &Workspace,
    sdk: &Sdk,
    binary: &FunctionBinary,
    seed: u64,
) -> Result<()> {
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let (calm, rough) = (scratch.path().join("calm"), scratch.path().join("rough"));
    let start = Instant::now();
    ensure!(
        pack(sdk, binary, &calm)?.wait()?.success(),
        "an undisturbed writing failed"
    );
    let whole = start.elapsed();
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..PACKS {
        let mut writing = pack(sdk, binary, &rough)?;
        sleep(whole.mul_f64(random.f64()));
        end(&mut writing);
    }
    ensure!(
        pack(sdk, binary, &rough)?.wait()?.success(),
        "writing failed after it was killed"
    );
    // What a killed one left has a name that nobody takes for a finished one's.
    for entry in fs::read_dir(&rough)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('.') && !calm.join(&name).exists() {
            if path.is_dir() {
                fs::remove_dir_all(path)?;
            } else {
                fs::remove_file(path)?;
            }
        }
    }
    let same = trees::same(&calm, &rough);
    promises::tried(
        PROMISE,
        "images and archives, killed while they are written",
        PACKS,
        usize::from(same.is_err()),
    );
    tell(&format!("{} files are the same", same?));
    Ok(())
}

fn pack(sdk: &Sdk, binary: &FunctionBinary, to: &Path) -> Result<std::process::Child> {
    fs::create_dir_all(to)?;
    Command::new(THIS_PROGRAM)
        .arg("pack-to")
        .args([sdk.path(), binary.path(), to])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("failed to start writing")
}
