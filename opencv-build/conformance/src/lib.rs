//! Tests that an SDK does what OpenCV itself does: its detector finds the rectangles, and its decoders give the pixels, of OpenCV's
//! own code in the same build and of OpenCV's Python wheel. The programs that compare are in `data/`, compiled against
//! the SDK by its own compiler; the wheel is installed from `data/pins.toml`. A test that cannot run here returns a
//! [`Skip`].

pub mod detector;
pub mod jpeg;
pub mod pixels;
mod programs;
mod reference;
pub mod skip;

use std::path::{Path, PathBuf};

use anyhow::Result;
use opencv_build::{BuildPaths, HaarDetector, Sdk, Target, Tools};

use crate::skip::Skip;

/// An SDK to test, and what its tests need.
pub struct Fixture<'a> {
    /// Its libraries, headers, cascades and samples are used.
    pub sdk: &'a Sdk,
    /// Those that built the SDK.
    pub tools: &'a Tools,
    /// Where wheels are installed.
    pub paths: &'a BuildPaths,
    /// The folder of this project.
    pub project_dir: &'a Path,
    /// Where programs and the wheel's answers are kept from one run to the next.
    pub work_dir: PathBuf,
}

impl Fixture<'_> {
    /// The folder of the programs' sources.
    fn data_dir(&self) -> PathBuf {
        self.project_dir.join("opencv-build/conformance/data")
    }

    /// The SDK's folder of cascades and samples.
    fn share_dir(&self) -> PathBuf {
        self.sdk.path().join("share")
    }

    fn skip_unless_runnable(&self) -> Result<()> {
        skip_unless_runnable(&self.sdk.manifest().target)
    }

    /// Skips a test for an SDK without the detector, or whose programs do not run here.
    fn skip_without_detector(&self) -> Result<()> {
        if self.sdk.manifest().haar == HaarDetector::Upstream {
            return Err(skip_no_detector());
        }
        self.skip_unless_runnable()
    }
}

/// The reason to skip a test where the SDK has OpenCV's own code only.
fn skip_no_detector() -> anyhow::Error {
    Skip::with_reason("this SDK was built without the fast detector".to_owned())
}

/// Skips a test of programs that this machine cannot run.
pub fn skip_unless_runnable(target: &Target) -> Result<()> {
    let architecture = target.architecture;
    Skip::unless(target.runs_on_host(), || {
        format!("programs for {architecture} do not run here")
    })
}
