//! Decodes files of every kind, in formats other than JPEG, by the SDK and by OpenCV's Python wheel 4.5.5, whose
//! libraries are years older: the pixels must be the same. The programs are in `data/pixels`.

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use support::progress::print_status;
use support::run::{Shell, cmd, output};

use crate::Fixture;
use crate::programs::Programs;
use crate::reference::{Reference, Release};

/// Formats that `wheel.py` can write, by their names in the recipe. Re-encoding as PNG is compared if the SDK supports
/// PNG.
const FORMATS: [&str; 4] = ["png", "webp", "tiff", "jpeg2000"];

pub fn test(fixture: &Fixture) -> Result<()> {
    let has = |format: &&str| fixture.sdk.manifest().codecs.contains(*format);
    let formats: Vec<_> = FORMATS.into_iter().filter(has).collect();
    ensure!(!formats.is_empty(), "the SDK supports none of {}", FORMATS.join(", "));
    let reference = Reference::install(Release::OpenCv4_5_5, fixture.paths)?;
    let programs = Programs::new(fixture)?;
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let folder = scratch.path().join("files");
    fs::create_dir(&folder)?;
    let (sh, script) = (Shell::new()?, fixture.data_dir().join("pixels/wheel.py"));
    let python = |command: &str| reference.python_command(&sh, &script).arg(command).arg(&folder);
    output(python("make").args(&formats))?;
    let decode = programs.compile("pixels", "decode")?;
    let formats = &formats;
    output(cmd!(sh, "{decode} {folder} {formats...}"))?;
    let report = output(python("compare"))?;
    print_status(&format!("{}: {report}", formats.join(", ")));
    Ok(())
}
