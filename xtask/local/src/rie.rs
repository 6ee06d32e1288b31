//! Installs AWS's Runtime Interface Emulator (RIE) from the wheel of AWS's SAM CLI.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::Architecture;
use opencv_build::internals::{Wheel, install_wheels};
use serde::Deserialize;

#[derive(Deserialize)]
struct Pins {
    wheel: Vec<Wheel>,
}

/// The emulator's program for this machine; installs it in `parent` if it is missing.
pub fn install(parent: &Path) -> Result<PathBuf> {
    let pins: Pins =
        toml::from_str(include_str!("../data/pins.toml")).context("data/pins.toml is not a list of wheels")?;
    let folder = install_wheels(&pins.wheel, parent, "emulator")?;
    let architecture = Architecture::host()
        .context("AWS's emulator does not exist for this machine")?
        .lambda_name();
    let program = folder.join(format!("samcli/local/rapid/aws-lambda-rie-{architecture}"));
    ensure!(
        program.is_file(),
        "AWS's emulator is incomplete: `{}` is missing",
        program.display()
    );
    fs::set_permissions(&program, Permissions::from_mode(0o755))?;
    Ok(program)
}
