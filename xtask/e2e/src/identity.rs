//! That our detector finds what OpenCV's own code finds: in random cases in the same build, in photos
//! against the Python wheel, and by itself under a compiler's sanitizers. The programs that look are in
//! `xtask/e2e/data/identity`.

mod levels;
mod program;
mod sanitizers;
mod stock;
mod wheel;

use anyhow::Result;
use opencv_build::recipe::Haar;
use opencv_build::sdk::Sdk;

use super::Skip;

pub use sanitizers::test as sanitizers;
pub use stock::test as stock;
pub use wheel::test as wheel;

/// Skips a test for an SDK without the detector, or whose programs do not run here.
fn need_to_run(sdk: &Sdk) -> Result<()> {
    if sdk.manifest().haar == Haar::Stock {
        return Err(no_detector());
    }
    let target = sdk.manifest().target;
    if target.runs_here() {
        return Ok(());
    }
    let reason = format!("programs for {} do not run here", target.architecture);
    Err(Skip::because(reason))
}

/// The reason to skip a test where the SDK has OpenCV's own code only.
fn no_detector() -> anyhow::Error {
    Skip::because("this SDK was built without the fast detector".to_owned())
}
