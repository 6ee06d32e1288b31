//! Calls of the crate `cmake`, each in a process of its own: it is made for build scripts, so it prints to stdout, reads the
//! environment and panics. There it may; here its output goes to a log and its end is an exit code.
//!
//! A program that uses this crate has a [`CmakeLauncher`], without which nothing is built, by calling
//! [`CmakeLauncher::init`] first in its `main`: in the processes that builds start, that makes the call.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::exit;

use anyhow::{Context, Result};
use fs_err as fs;

use crate::cmake::CmakeJob;
use support::lock::Lock;
use support::run::run_logged;

/// The variable that names a job's file to the process that does it.
const JOB_FILE_VARIABLE: &str = "OPENCV_BUILD_JOB";

/// How this program is started again for one job of a build.
#[derive(Clone, Debug)]
pub struct CmakeLauncher {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl CmakeLauncher {
    /// To be called first in `main`. In a process that a build has started this does the job and ends the
    /// process; in all others it returns what starts one.
    pub fn init() -> Self {
        if let Some(file) = env::var_os(JOB_FILE_VARIABLE).filter(|file| !file.is_empty()) {
            let done = run_job(Path::new(&file));
            if let Err(error) = &done {
                eprintln!("error: {error:#}");
            }
            exit(i32::from(done.is_err()))
        }
        Self {
            // This program, even when cargo has put a newer one in its file's place, as `cargo test` can.
            program: "/proc/self/exe".into(),
            arguments: Vec::new(),
        }
    }

    /// Runs `job` with its output in `log`, handing each line to `on_line`. The process inherits
    /// `lock`, and so does what it starts.
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
        let failed = || {
            format!(
                "cmake failed for the target `{build_target}` in `{}`",
                build.display()
            )
        };
        run_logged(&mut command, log, on_line).with_context(failed)
    }
}

fn run_job(file: &Path) -> Result<()> {
    let named = file.display();
    let failed = || {
        format!("failed to read the job `{named}`, which the variable {JOB_FILE_VARIABLE} names")
    };
    let text = fs::read(file).with_context(failed)?;
    let job: CmakeJob = serde_json::from_slice(&text).with_context(failed)?;
    job.run();
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
