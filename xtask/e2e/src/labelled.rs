//! That the presets find what they are said to find in the labelled photos.

use anyhow::{Result, bail, ensure};
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use support::progress::tell;

use bench::eval::{Labelled, evaluated};
use conformance::skip::Skip;
use package::workspace::Workspace;
use support::answer::Answer;

/// What the Python wheel of OpenCV 4.5.5 reaches on these photos, as the Python original used it.
const ORIGINAL: (f64, f64) = (0.93, 0.91);
/// What `accurate` must reach, in F1.
const ACCURATE: f64 = 0.97;

/// Evaluates them; skipped where the photos are not there.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    if !workspace
        .root()
        .join("../shared/photos/labelled.json")
        .exists()
    {
        let reason = "photos with labels are no part of the project, and there are none beside it";
        return Err(Skip::because(reason.to_owned()));
    }
    let labelled = Labelled::find(workspace, None)?;
    let answer = evaluated(workspace, sdk, binary, &labelled)?;
    tell(&answer.text());
    let [original, balanced, accurate] = answer.presets.as_slice() else {
        bail!("there are other presets than expected");
    };
    let (precision, recall) = ORIGINAL;
    let near = |found: f64, known: f64| (found - known).abs() < 0.005;
    ensure!(
        near(original.precision, precision) && near(original.recall, recall),
        "`original` is not what the Python original was"
    );
    ensure!(
        balanced.precision > original.precision && balanced.recall > original.recall,
        "`balanced` is no better than `original` in precision and recall"
    );
    ensure!(
        accurate.f1 >= ACCURATE,
        "`accurate` has an F1 of {}",
        accurate.f1
    );
    Ok(())
}
