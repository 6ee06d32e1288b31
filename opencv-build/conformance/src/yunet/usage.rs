//! Tests how programs use `cv::FaceDetectorYN`: its settings, wrong arguments, damaged model files, and cancellation.

use anyhow::Result;
use support::progress::print_status;
use support::run::{Shell, cmd};

use crate::Fixture;
use crate::programs::{Programs, run_and_capture};

pub fn test(fixture: &Fixture) -> Result<()> {
    let programs = Programs::new(fixture)?;
    let (sh, share) = (Shell::new()?, fixture.share_dir());
    for name in ["class_usage", "model_files", "cancellation"] {
        let program = programs.compile("yunet", name)?;
        run_and_capture(cmd!(sh, "{program} {share}"))?;
    }
    print_status("settings, wrong arguments, images of all kinds, damaged models, threads and cancellation work");
    Ok(())
}
