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

use std::path::{Path, PathBuf};

use anyhow::Result;
use opencv_build::{BuildPaths, HaarDetector, Sdk, Target, Tools};

use crate::skip::Skip;

pub struct Fixture<'a> {
    pub sdk: &'a Sdk,
    /// The tools that built the SDK.
    pub tools: &'a Tools,
    /// The wheels are installed in its toolchain folder.
    pub paths: &'a BuildPaths,
    pub project_dir: &'a Path,
    /// Keeps compiled programs and the wheels' results between runs.
    pub work_dir: PathBuf,
}

impl Fixture<'_> {
    fn data_dir(&self) -> PathBuf {
        self.project_dir.join("opencv-build/conformance/data")
    }

    fn share_dir(&self) -> PathBuf {
        self.sdk.path().join("share")
    }

    fn skip_unless_runnable(&self) -> Result<()> {
        skip_unless_runnable(&self.sdk.manifest().target)
    }

    /// Skips a test if the SDK lacks the fast detector for cascades or its programs do not run on this machine.
    fn skip_without_haar_detector(&self) -> Result<()> {
        if self.sdk.manifest().haar == HaarDetector::Upstream {
            return Err(skip_no_detector());
        }
        self.skip_unless_runnable()
    }
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
