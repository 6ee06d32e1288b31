//! The reference: OpenCV 4.5.5 as its Python wheel has it.

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

/// A Python that can import the reference.
pub struct Reference {
    python: PathBuf,
    modules: PathBuf,
}

impl Reference {
    /// Installs it, unless it is there.
    ///
    /// # Errors
    /// A [`Skip`] where the machine's Python is one that the wheel was not made for; the wheels cannot be had.
    pub fn install(paths: &BuildPaths) -> Result<Self> {
        let script = "import sys; print(sys.version_info[1])";
        let (sh, python) = (Shell::new()?, find_python()?);
        let minor = output(cmd!(sh, "{python} -c {script}"))?;
        Skip::unless(["11", "12"].contains(&minor.as_str()), || {
            format!(
                "`python3` is 3.{minor}, and the numpy that OpenCV 4.5.5's wheel needs exists for 3.11 and 3.12"
            )
        })?;
        let modules = install_wheels(&pins()?.reference, &paths.toolchain_dir(), "reference")?;
        Ok(Self { python, modules })
    }

    /// Python, about to run a script that imports the reference.
    pub fn python_command<'s>(&self, sh: &'s Shell, script: &Path) -> Cmd<'s> {
        let python = &self.python;
        cmd!(sh, "{python} {script}").env("PYTHONPATH", &self.modules)
    }
}

/// The reference's wheels, for those who keep what it said.
pub fn fingerprint() -> Result<Fingerprint> {
    Ok(wheels_fingerprint(&pins()?.reference))
}

fn pins() -> Result<Pins> {
    toml::from_str(PINS).context("data/pins.toml is not a list of wheels")
}
