//! Packs an SDK's Haar cascades: runs `data/pack_cascade.cpp` on the numbers of each cascade.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use fs_err::{self as fs, File, OpenOptions};

use crate::cascade_xml;
use crate::context::BuildContext;
use crate::model_packer::ModelPacker;
use crate::recipe::HaarDetector;
use support::environment::restricted;
use support::files::{file_name, files_with_extension};
use support::progress::ProgressStep;
use support::run::{Shell, cmd, run_logged};

const PACKER: ModelPacker = ModelPacker {
    detector: "haar",
    sources: &[
        "feature_compiler.cpp",
        "model.cpp",
        "model_validation.cpp",
        "packed_cascade.cpp",
    ],
    main: include_str!("../data/pack_cascade.cpp"),
};

/// Writes a packed version next to every Haar cascade in the folder `cascades`, with the model of the fast detector if
/// that is built. Skips cascades of other types and those in the format before OpenCV 2.4.
pub(crate) fn pack_cascades(context: &BuildContext, cascades: &Path) -> Result<()> {
    let _step = ProgressStep::start("packing the cascades");
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let program = PACKER
        .compile(context, folder.path())
        .context("failed to pack the cascades")?;
    let kind = match context.recipe.haar {
        HaarDetector::Fast => "with-model",
        HaarDetector::Upstream => "without-model",
    };
    for path in files_with_extension(cascades, "xml")? {
        let packed = || -> Result<()> {
            let Some(numbers) = cascade_xml::flatten(&fs::read_to_string(&path)?)? else {
                let mut log = OpenOptions::new().append(true).open(context.log_file())?;
                let (name, why) = (
                    file_name(&path),
                    "not a Haar cascade in the format of OpenCV 2.4 or newer",
                );
                return Ok(writeln!(log, "{name}: not packed; {why}")?);
            };
            let input = program.with_extension("numbers");
            fs::write(&input, numbers)?;
            let (sh, packed) = (Shell::new()?, path.with_extension("packed"));
            let pack = restricted(cmd!(sh, "{program} {packed} {kind}"), &[]);
            let mut pack = Command::from(pack);
            pack.stdin(File::open(&input)?.into_file());
            run_logged(&mut pack, &context.log_file(), |_| ())
        };
        packed().with_context(|| format!("failed to pack the cascade `{}`", path.display()))?;
    }
    Ok(())
}
