//! Runs each call of the crate `cmake` in a separate process. That crate is made for build scripts: it prints to
//! stdout, reads the environment and panics; the separate process turns that into a log and an exit code.
//!
//! A program that builds gets a [`CmakeLauncher`] by calling [`CmakeLauncher::init`] first in its `main`; in the
//! processes that a build starts, that function runs cmake and exits.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fs_err as fs;

use crate::cmake::CmakeJob;
use support::lock::Lock;
use support::process::kill_with_descendants;
use support::run::run_logged_with_id;

/// The environment variable with the path of the job file. The process that runs the job removes the file first.
const JOB_FILE_VARIABLE: &str = "OPENCV_BUILD_JOB";
/// The time in which the restarted program must call [`CmakeLauncher::init`]. A program that does something else first,
/// such as waiting for what the first process holds, would never end.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Restarts this program for a cmake call.
#[derive(Clone, Debug)]
pub struct CmakeLauncher {
    program: PathBuf,
    arguments: Vec<OsString>,
    start_limit: Duration,
}

impl CmakeLauncher {
    /// Must be the first call in `main`. In a process started by a build, runs the job and exits; otherwise returns the
    /// launcher. A build fails if the restarted program ends, or runs for a minute, before this call.
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
            start_limit: START_LIMIT,
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
        let (ended, on_end) = channel::<()>();
        let (limit, job_file) = (self.start_limit, file.clone());
        let start_watch = |process| {
            thread::spawn(move || kill_unless_started(process, &job_file, limit, &on_end));
        };
        let done = run_logged_with_id(&mut command, log, start_watch, on_line);
        drop(ended);
        if file.exists() {
            let program = env::current_exe().unwrap_or_else(|_| self.program.clone());
            let how = match &done {
                Ok(()) => "ended without running it".to_owned(),
                Err(error) => format!("did not run it: {error:#}"),
            };
            bail!(
                "`{}` was restarted to run cmake and {how}\n`CmakeLauncher::init` must be the first call in its `main`",
                program.display()
            );
        }
        done.with_context(failed)
    }
}

/// Kills the process if it has not removed the job file within `limit`. Returns early when `on_end` is disconnected.
fn kill_unless_started(process: u32, job_file: &Path, limit: Duration, on_end: &Receiver<()>) {
    let start = Instant::now();
    while job_file.exists() {
        if start.elapsed() >= limit {
            return kill_with_descendants(process);
        }
        if on_end.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

fn run_job(file: &Path) -> Result<()> {
    let named = file.display();
    let failed = || format!("failed to read the job `{named}` named by the variable {JOB_FILE_VARIABLE}");
    let text = fs::read(file).with_context(failed)?;
    fs::remove_file(file).with_context(failed)?;
    let job: CmakeJob = serde_json::from_slice(&text).with_context(failed)?;
    job.run();
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
