//! The references: OpenCV's Python wheels.

use std::path::{Path, PathBuf};

use crate::skip::Skip;
use anyhow::{Context, Result};
use opencv_build::BuildPaths;
use opencv_build::internals::{Wheel, find_python, install_wheels, wheels_fingerprint};
use serde::Deserialize;
use support::fingerprint::Fingerprint;
use support::run::{Cmd, Shell, cmd, output};

const PINS: &str = include_str!("../data/pins.toml");

#[derive(Deserialize)]
struct Pins {
    reference: Vec<Wheel>,
    yunet_reference: Vec<Wheel>,
}

/// The release of a reference.
#[derive(Clone, Copy)]
pub enum Release {
    /// The one that the SDK is built from.
    OpenCv4_5_5,
    /// The one whose YuNet is the reference.
    OpenCv4_14,
}

impl Release {
    fn wheels(self) -> Result<Vec<Wheel>> {
        let pins: Pins = toml::from_str(PINS).context("failed to parse data/pins.toml")?;
        Ok(match self {
            Self::OpenCv4_5_5 => pins.reference,
            Self::OpenCv4_14 => pins.yunet_reference,
        })
    }

    /// The prefix of the folder that the wheels are installed in.
    fn folder(self) -> &'static str {
        match self {
            Self::OpenCv4_5_5 => "reference",
            Self::OpenCv4_14 => "yunet-reference",
        }
    }

    /// Identifies the wheels, as part of cache keys.
    pub fn fingerprint(self) -> Result<Fingerprint> {
        Ok(wheels_fingerprint(&self.wheels()?))
    }
}

pub struct Reference {
    python: PathBuf,
    modules: PathBuf,
}

impl Reference {
    /// Installs the wheels unless they are installed already.
    ///
    /// # Errors
    /// Returns a [`Skip`] if no wheels are pinned for the machine's Python. Fails if the wheels cannot be downloaded.
    pub fn install(release: Release, paths: &BuildPaths) -> Result<Self> {
        let script = "import sys; print(sys.version_info[1])";
        let (sh, python) = (Shell::new()?, find_python()?);
        let minor = output(cmd!(sh, "{python} -c {script}"))?;
        Skip::unless(["11", "12"].contains(&minor.as_str()), || {
            format!("`python3` is 3.{minor}, but the wheels of the reference are for 3.11 and 3.12")
        })?;
        let modules = install_wheels(&release.wheels()?, &paths.toolchain_dir(), release.folder())?;
        Ok(Self { python, modules })
    }

    /// The command that runs a script with access to the reference.
    pub fn python_command<'s>(&self, sh: &'s Shell, script: &Path) -> Cmd<'s> {
        let python = &self.python;
        // -B: modules beside the script would be compiled into the source tree.
        cmd!(sh, "{python} -B {script}").env("PYTHONPATH", &self.modules)
    }
}
