//! Work that is done in a process of its own: the crates `cmake`, `cc` and `bindgen` are made for
//! build scripts, so they print to stdout, read the environment and panic. There they may; here
//! their output goes to a log and their end is an exit code.
//!
//! A program that uses this crate has a [`Driver`], without which nothing is built, by calling
//! [`Driver::init`] first in its `main`: in the processes that builds start, that does the job.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::exit;

use anyhow::{Context, Result};
use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::cmake::CmakeJob;
use crate::facts::FactsJob;
use crate::pack::PackJob;
use crate::probe::ProbeJob;
use support::lock::Lock;
use support::run::run_logged;

/// The variable that names a job's file to the process that does it.
const JOB: &str = "OPENCV_BUILD_JOB";

/// How this program is started again for one job of a build.
#[derive(Clone, Debug)]
pub struct Driver {
    program: PathBuf,
    arguments: Vec<OsString>,
}

/// Work for a process of its own.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Job {
    Cmake(CmakeJob),
    Facts(FactsJob),
    Pack(PackJob),
    Probe(ProbeJob),
}

impl Job {
    /// What failed when it fails.
    fn describe(&self) -> String {
        match self {
            Self::Cmake(job) => format!(
                "cmake failed for the goal `{}` in `{}`",
                job.goal,
                job.work.join("build").display()
            ),
            Self::Facts(_) => "failed to read the facts in OpenCV's headers".to_owned(),
            Self::Pack(_) => "failed to pack the cascades".to_owned(),
            Self::Probe(job) => {
                format!("failed to link a program against `{}`", job.sdk.display())
            }
        }
    }
}

impl Driver {
    /// To be called first in `main`. In a process that a build has started this does the job and ends the
    /// process; in all others it returns what starts one.
    pub fn init() -> Self {
        if let Some(file) = env::var_os(JOB).filter(|file| !file.is_empty()) {
            match perform(Path::new(&file)) {
                Ok(()) => exit(0),
                Err(error) => {
                    eprintln!("error: {error:#}");
                    exit(1)
                }
            }
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
        job: &Job,
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
            .env(JOB, &file)
            .envs(environment.iter().copied())
            .stdin(lock.lend()?);
        if let Ok(cores) = std::thread::available_parallelism() {
            command.env("NUM_JOBS", cores.to_string());
        }
        run_logged(&mut command, log, on_line).with_context(|| job.describe())
    }
}

/// Does the job that is written in `file`.
fn perform(file: &Path) -> Result<()> {
    let failed = || {
        format!(
            "failed to read the job `{}`, which the variable {JOB} names",
            file.display()
        )
    };
    let text = fs::read(file).with_context(failed)?;
    match serde_json::from_slice(&text).with_context(failed)? {
        Job::Cmake(job) => {
            job.perform();
            Ok(())
        }
        Job::Facts(job) => job.perform(),
        Job::Pack(job) => job.perform(),
        Job::Probe(job) => job.perform(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
