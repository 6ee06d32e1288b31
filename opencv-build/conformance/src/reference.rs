//! The reference: OpenCV's Python wheel 4.5.5.

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
}

pub struct Reference {
    python: PathBuf,
    modules: PathBuf,
}

impl Reference {
    /// Installs the wheels unless they are installed already.
    ///
    /// # Errors
    /// Returns a [`Skip`] if the wheel does not support the machine's Python. Fails if the wheels cannot be downloaded.
    pub fn install(paths: &BuildPaths) -> Result<Self> {
        let script = "import sys; print(sys.version_info[1])";
        let (sh, python) = (Shell::new()?, find_python()?);
        let minor = output(cmd!(sh, "{python} -c {script}"))?;
        Skip::unless(["11", "12"].contains(&minor.as_str()), || {
            format!(
                "`python3` is 3.{minor}, but the numpy that OpenCV 4.5.5's wheel needs exists only for 3.11 and 3.12"
            )
        })?;
        let modules = install_wheels(&pins()?.reference, &paths.toolchain_dir(), "reference")?;
        Ok(Self { python, modules })
    }

    /// The command that runs a script with access to the reference.
    pub fn python_command<'s>(&self, sh: &'s Shell, script: &Path) -> Cmd<'s> {
        let python = &self.python;
        cmd!(sh, "{python} {script}").env("PYTHONPATH", &self.modules)
    }
}

/// Identifies the wheels, as part of cache keys.
pub fn fingerprint() -> Result<Fingerprint> {
    Ok(wheels_fingerprint(&pins()?.reference))
}

fn pins() -> Result<Pins> {
    toml::from_str(PINS).context("failed to parse data/pins.toml")
}
