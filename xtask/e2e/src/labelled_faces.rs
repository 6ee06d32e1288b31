//! Checks that the presets reach the documented accuracy in the labelled photos.

use anyhow::{Result, bail, ensure};
use opencv_build::Sdk;
use package::function::Function;
use support::progress::print_status;

use bench::eval::{LabelledPhotos, evaluate};
use conformance::skip::Skip;
use package::workspace::Workspace;
use support::output::CommandOutput;

/// The values of the Python original on these photos, with the Python wheel of OpenCV 4.5.5.
const ORIGINAL_PRECISION_RECALL: (f64, f64) = (0.93, 0.91);
const MIN_BALANCED_F1: f64 = 0.98;
/// Two small faces that it finds have no label.
const MIN_ACCURATE_F1: f64 = 0.97;

/// Skips if the photos are missing.
pub fn test(workspace: &Workspace, sdk: &Sdk, function: &Function) -> Result<()> {
    if !workspace.root().join("../shared/photos/labelled.json").exists() {
        let reason = "the labelled photos are missing; they are not part of the project";
        return Err(Skip::with_reason(reason.to_owned()));
    }
    let labelled = LabelledPhotos::find(workspace, None)?;
    let command_output = evaluate(workspace, sdk, function, &labelled)?;
    print_status(&command_output.to_text());
    let [original, fast, balanced, accurate] = command_output.presets.as_slice() else {
        bail!("expected four presets");
    };
    let (precision, recall) = ORIGINAL_PRECISION_RECALL;
    let near = |found: f64, known: f64| (found - known).abs() < 0.005;
    ensure!(
        near(original.precision, precision) && near(original.recall, recall),
        "`original` differs from the Python original in precision or recall"
    );
    ensure!(fast.f1 > original.f1, "`fast` is not better than `original`");
    for (preset, minimum) in [(balanced, MIN_BALANCED_F1), (accurate, MIN_ACCURATE_F1)] {
        ensure!(preset.f1 >= minimum, "`{}` has an F1 of {}", preset.name, preset.f1);
    }
    Ok(())
}
