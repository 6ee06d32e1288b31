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
use opencv_build::{BuildPaths, Haar, Sdk, Target, Tools};

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
    pub root: &'a Path,
    /// Where programs and the wheel's answers are kept from one run to the next.
    pub work: PathBuf,
}

impl Fixture<'_> {
    /// The folder of the programs' sources.
    fn data(&self) -> PathBuf {
        self.root.join("opencv-build/conformance/data")
    }

    /// The SDK's folder of cascades and samples.
    fn share(&self) -> PathBuf {
        self.sdk.path().join("share")
    }

    fn runs_here(&self) -> Result<()> {
        runs_here(&self.sdk.manifest().target)
    }

    /// Skips a test for an SDK without the detector, or whose programs do not run here.
    fn has_detector(&self) -> Result<()> {
        if self.sdk.manifest().haar == Haar::Stock {
            return Err(no_detector());
        }
        self.runs_here()
    }
}

/// The reason to skip a test where the SDK has OpenCV's own code only.
fn no_detector() -> anyhow::Error {
    Skip::because("this SDK was built without the fast detector".to_owned())
}

/// Skips a test of programs that this machine cannot run.
pub fn runs_here(target: &Target) -> Result<()> {
    let architecture = target.architecture;
    Skip::unless(target.runs_here(), || {
        format!("programs for {architecture} do not run here")
    })
}
