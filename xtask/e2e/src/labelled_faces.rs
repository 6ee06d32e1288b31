//! That the presets find what they are said to find in the labelled photos.

use anyhow::{Result, bail, ensure};
use layer::elf::FunctionBinary;
use opencv_build::Sdk;
use support::progress::print_status;

use bench::eval::{LabelledPhotos, evaluate};
use conformance::skip::Skip;
use package::workspace::Workspace;
use support::output::CommandOutput;

/// What the Python wheel of OpenCV 4.5.5 reaches on these photos, as the Python original used it.
const ORIGINAL_PRECISION_RECALL: (f64, f64) = (0.93, 0.91);
/// What `accurate` must reach, in F1.
const MIN_ACCURATE_F1: f64 = 0.97;

/// Evaluates them; skipped where the photos are not there.
pub fn test(workspace: &Workspace, sdk: &Sdk, binary: &FunctionBinary) -> Result<()> {
    if !workspace
        .root()
        .join("../shared/photos/labelled.json")
        .exists()
    {
        let reason = "photos with labels are no part of the project, and there are none beside it";
        return Err(Skip::with_reason(reason.to_owned()));
    }
    let labelled = LabelledPhotos::find(workspace, None)?;
    let command_output = evaluate(workspace, sdk, binary, &labelled)?;
    print_status(&command_output.to_text());
    let [original, balanced, accurate] = command_output.presets.as_slice() else {
        bail!("there are other presets than expected");
    };
    let (precision, recall) = ORIGINAL_PRECISION_RECALL;
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
        accurate.f1 >= MIN_ACCURATE_F1,
        "`accurate` has an F1 of {}",
        accurate.f1
    );
    Ok(())
}
