//! Runs each call of the crate `cmake` in a separate process. That crate is made for build scripts: it prints to
//! stdout, reads the environment and panics; the separate process turns that into a log and an exit code.
//!
//! A program that builds gets a [`CmakeLauncher`] by calling [`CmakeLauncher::init`] first in its `main`; in the
//! processes that a build starts, that function runs cmake and exits.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::exit;

use anyhow::{Context, Result};
use fs_err as fs;

use crate::cmake::CmakeJob;
use support::lock::Lock;
use support::run::run_logged;

/// The environment variable with the path of the job file.
const JOB_FILE_VARIABLE: &str = "OPENCV_BUILD_JOB";

/// Restarts this program for a cmake call.
#[derive(Clone, Debug)]
pub struct CmakeLauncher {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl CmakeLauncher {
    /// Must be the first call in `main`. In a process started by a build, runs the job and exits; otherwise returns the
    /// launcher.
    pub fn init() -> Self {
        if let Some(file) = env::var_os(JOB_FILE_VARIABLE).filter(|file| !file.is_empty()) {
            let done = run_job(Path::new(&file));
            if let Err(error) = &done {
                eprintln!("error: {error:#}");
            }
            exit(i32::from(done.is_err()))
        }
        Self {
            // This program, even if cargo has replaced its file, as `cargo test` can.
            program: "/proc/self/exe".into(),
            arguments: Vec::new(),
        }
    }

    /// Runs `job`, writes its output to `log` and passes each line to `on_line`. The process and its children inherit
    /// `lock`.
    pub(crate) fn run(
        &self,
        job: &CmakeJob,
        environment: &[(&str, &Path)],
        lock: &Lock,
        log: &Path,
        on_line: impl FnMut(&str),
    ) -> Result<()> {
        let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
        let file = folder.path().join("job.json");
        fs::write(&file, serde_json::to_vec(job)?)?;
        let mut command = support::environment::command(&self.program, &[]);
        command
            .args(&self.arguments)
            .env("OUT_DIR", folder.path())
            .env(JOB_FILE_VARIABLE, &file)
            .envs(environment.iter().copied())
            .stdin(lock.inheritable_stdin()?);
        if let Ok(cores) = std::thread::available_parallelism() {
            command.env("NUM_JOBS", cores.to_string());
        }
        let (build_target, build) = (&job.build_target, job.work_dir.join("build"));
        let failed = || format!("cmake failed for the target `{build_target}` in `{}`", build.display());
        run_logged(&mut command, log, on_line).with_context(failed)
    }
}

fn run_job(file: &Path) -> Result<()> {
    let named = file.display();
    let failed = || format!("failed to read the job `{named}` named by the variable {JOB_FILE_VARIABLE}");
    let text = fs::read(file).with_context(failed)?;
    let job: CmakeJob = serde_json::from_slice(&text).with_context(failed)?;
    job.run();
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
