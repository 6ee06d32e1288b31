//! Tests that an SDK's detectors and decoders give the same results as OpenCV's own code in the same build and as
//! OpenCV's Python wheels. The programs that compare are in `data/`, and the SDK's own compiler compiles them. The
//! wheels are installed from `data/pins.toml`. A test that cannot run on this machine returns a [`Skip`].

pub mod haar;
pub mod jpeg;
mod photos;
pub mod pixels;
mod programs;
mod reference;
mod sanitizers;
mod simd_levels;
pub mod skip;
mod wheel_results;
pub mod yunet;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;
use opencv_build::{BuildPaths, HaarDetector, Runner, Sdk, Target, Tools};
use support::run::shell_word;

use crate::skip::Skip;

pub struct Fixture<'a> {
    pub sdk: &'a Sdk,
    /// The tools that built the SDK.
    pub tools: &'a Tools,
    /// How this machine runs programs that are linked with the SDK.
    pub runner: Runner,
    /// The wheels are installed in its toolchain folder.
    pub paths: &'a BuildPaths,
    pub project_dir: &'a Path,
    /// Keeps compiled programs and the wheels' results between runs.
    pub work_dir: PathBuf,
}

impl Fixture<'_> {
    fn data_dir(&self) -> PathBuf {
        data_dir(self.project_dir)
    }

    fn share_dir(&self) -> PathBuf {
        self.sdk.path().join("share")
    }

    /// Skips a test if the SDK lacks the fast detector for cascades.
    fn skip_without_haar_detector(&self) -> Result<()> {
        if self.sdk.manifest().haar == HaarDetector::Upstream {
            return Err(skip_no_detector());
        }
        Ok(())
    }

    /// The path by which this machine starts the program `built`: its own, or that of a script beside it that starts it
    /// by an emulator.
    pub fn runnable(&self, built: &Path) -> Result<PathBuf> {
        if !self.runner.is_emulated() {
            return Ok(built.to_owned());
        }
        let script = built.with_extension("sh");
        let words = self.runner.command_line(built).into_iter();
        let words = words.map(|word| shell_word(&word.to_string_lossy()).into_owned());
        let words: Vec<_> = words.collect();
        fs::write(&script, format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" ")))?;
        fs::set_permissions(&script, Permissions::from_mode(0o755))?;
        Ok(script)
    }
}

fn data_dir(project_dir: &Path) -> PathBuf {
    project_dir.join("opencv-build/conformance/data")
}

fn skip_no_detector() -> anyhow::Error {
    Skip::with_reason("this SDK was built without the fast detector for cascades".to_owned())
}

/// Skips a test if this machine cannot run programs for `target`.
pub fn skip_unless_runnable(target: &Target) -> Result<()> {
    let architecture = target.architecture;
    Skip::unless(target.runs_on_host(), || {
        format!("this machine cannot run programs for {architecture}")
    })
}
