//! What a test of the detector needs of an SDK and of this machine.

use anyhow::Result;
use opencv_build::{Haar, Sdk};

use crate::report::Skip;

/// Skips a test for an SDK without the detector, or whose programs do not run here.
pub(super) fn need_to_run(sdk: &Sdk) -> Result<()> {
    if sdk.manifest().haar == Haar::Stock {
        return Err(no_detector());
    }
    Skip::unless_runs_here(&sdk.manifest().target)
}

/// The reason to skip a test where the SDK has OpenCV's own code only.
pub(super) fn no_detector() -> anyhow::Error {
    Skip::because("this SDK was built without the fast detector".to_owned())
}
