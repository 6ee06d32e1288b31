//! Files of every kind of the formats that are not JPEG, read by the SDK and by the Python wheel of OpenCV 4.5.5, whose
//! libraries are years older: the same pixels. The programs that write, read and compare are in `data/pixels`.

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::Sdk;
use support::progress::tell;

use super::jpeg;
use super::report::Skip;
use package::build::Build;
use support::run::{Shell, cmd, output};

/// What `wheel.py` can write, by the recipe's names; what was written anew as PNG is compared where there is PNG.
const FORMATS: [&str; 4] = ["png", "webp", "tiff", "jpeg2000"];

/// Compares them.
pub fn test(build: &Build, sdk: &Sdk) -> Result<()> {
    let workspace = build.workspace();
    let target = sdk.manifest().target;
    Skip::unless_runs_here(&target)?;
    let has = |format: &&str| sdk.manifest().codecs.contains(*format);
    let formats: Vec<_> = FORMATS.into_iter().filter(has).collect();
    ensure!(!formats.is_empty(), "the recipe has JPEG alone");
    let wheel = jpeg::wheel(workspace)?;
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let folder = scratch.path().join("files");
    fs::create_dir(&folder)?;
    let data = workspace.root().join("xtask/e2e/data/pixels");
    let sh = Shell::new()?;
    let python = |job: &str| {
        let (python, script) = (&wheel.python, data.join("wheel.py"));
        let python = cmd!(sh, "{python} {script} {job} {folder}");
        python.env("PYTHONPATH", &wheel.modules)
    };
    output(python("make").args(&formats))?;
    let decode = scratch.path().join("decode");
    jpeg::compile(sdk, build.tools()?, &data.join("decode.cpp"), &decode)?;
    let formats = &formats;
    output(cmd!(sh, "{decode} {folder} {formats...}"))?;
    let said = output(python("compare"))?;
    tell(&format!("{}: {said}", formats.join(", ")));
    Ok(())
}
