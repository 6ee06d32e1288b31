//! Installs AWS's Runtime Interface Emulator (RIE) from the wheel of AWS's SAM CLI.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::internals::{Wheel, install_wheels};
use opencv_build::{Architecture, NoEmulator, Runner};
use serde::Deserialize;

#[derive(Deserialize)]
struct Pins {
    wheel: Vec<Wheel>,
}

/// The installed emulator.
pub struct Rie {
    pub program: PathBuf,
    pub architecture: Architecture,
}

impl Rie {
    /// The emulator for this machine's architecture.
    pub fn for_host(parent: &Path) -> Result<Self> {
        let architecture = Architecture::host().context("AWS's emulator does not exist for this machine")?;
        Self::install(parent, architecture)
    }

    /// The emulator for `architecture`; installs it in `parent` if it is missing.
    pub fn install(parent: &Path, architecture: Architecture) -> Result<Self> {
        Ok(Self {
            program: install(parent, architecture)?,
            architecture,
        })
    }

    /// How this machine runs it and the function.
    ///
    /// # Errors
    /// The machine has another architecture, and no emulator for programs.
    pub fn runner(&self) -> Result<Runner, NoEmulator> {
        Runner::find(self.architecture)
    }
}

fn install(parent: &Path, architecture: Architecture) -> Result<PathBuf> {
    let pins: Pins =
        toml::from_str(include_str!("../data/pins.toml")).context("data/pins.toml is not a list of wheels")?;
    let folder = install_wheels(&pins.wheel, parent, "emulator")?;
    let name = format!("aws-lambda-rie-{}", architecture.lambda_name());
    let program = folder.join("samcli/local/rapid").join(name);
    ensure!(
        program.is_file(),
        "AWS's emulator is incomplete: `{}` is missing",
        program.display()
    );
    fs::set_permissions(&program, Permissions::from_mode(0o755))?;
    Ok(program)
}
