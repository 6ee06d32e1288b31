//! The reference: OpenCV 4.5.5 as Python's wheel has it, installed from `data/pins.toml`. What enters is the
//! workspace; what leaves, a Python and the folder with the modules that it needs.

use std::path::PathBuf;

use anyhow::{Context, Result};
use opencv_build::internals::{Wheel, install_wheels, python, wheels_fingerprint};
use serde::Deserialize;

use package::workspace::Workspace;
use support::fingerprint::Fingerprint;
use support::run::{Shell, cmd, output};

const PINS: &str = include_str!("../data/pins.toml");

#[derive(Deserialize)]
struct Pins {
    reference: Vec<Wheel>,
}

/// A Python that the reference runs in.
pub struct Reference {
    /// The interpreter.
    pub python: PathBuf,
    /// What `PYTHONPATH` must be.
    pub modules: PathBuf,
}

/// Why there is none, if the machine's Python is one that the reference was not made for.
pub fn missing() -> Result<Option<String>> {
    let script = "import sys; print(sys.version_info[1])";
    let (sh, python) = (Shell::new()?, python()?);
    let minor = output(cmd!(sh, "{python} -c {script}"))?;
    Ok((!["11", "12"].contains(&minor.trim())).then(|| {
        format!(
            "`python3` is 3.{}, and the numpy that OpenCV 4.5.5's wheel needs exists for 3.11 and 3.12",
            minor.trim()
        )
    }))
}

fn pins() -> Result<Pins> {
    toml::from_str(PINS).context("data/pins.toml is not a list of wheels")
}

/// Of what it consists of, for those who keep what it said.
pub fn fingerprint() -> Result<Fingerprint> {
    Ok(wheels_fingerprint(&pins()?.reference))
}

/// Installs it, unless it is there.
///
/// # Errors
/// The machine's Python is another one (see [`missing`]), or the wheels cannot be had.
pub fn installed(workspace: &Workspace) -> Result<Reference> {
    let parent = workspace.paths()?.toolchain();
    Ok(Reference {
        python: python()?,
        modules: install_wheels(&pins()?.reference, &parent, "reference")?,
    })
}
