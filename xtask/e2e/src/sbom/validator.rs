//! The reference validator of SPDX documents, which is a Python program.

use std::path::PathBuf;
use std::process::Output;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::internals::{Wheel, find_python, install_wheels};
use serde::Deserialize;
use tempfile::TempDir;

use package::workspace::Workspace;
use support::run::{Shell, cmd, wait_with_output};

/// The part of `data/pins.toml` that is for the validator.
#[derive(Deserialize)]
struct Pins {
    validator: Vec<Wheel>,
}

/// The installed validator.
pub struct Validator {
    wheels: PathBuf,
    scratch: TempDir,
}

impl Validator {
    /// Installs the pinned validator, unless it is there.
    pub fn install(workspace: &Workspace) -> Result<Self> {
        let pins: Pins = toml::from_str(include_str!("../../data/pins.toml"))
            .context("data/pins.toml is not a list of wheels")?;
        let parent = workspace.build_paths()?.toolchain_dir();
        Ok(Self {
            wheels: install_wheels(&pins.validator, &parent, "validator")?,
            scratch: tempfile::tempdir().context("failed to create a temporary folder")?,
        })
    }

    /// Fails if the document is not valid, with what the validator says.
    pub fn accept(&self, name: &str, document: &[u8]) -> Result<()> {
        let output = self.run(document)?;
        ensure!(
            output.status.success(),
            "the SBOM of the {name} is not valid:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// Fails if the document is valid, or if the validator broke over it.
    pub fn reject(&self, document: &[u8]) -> Result<()> {
        let output = self.run(document)?;
        let output_text = [output.stdout, output.stderr].concat();
        let output_text = String::from_utf8_lossy(&output_text);
        ensure!(
            !output.status.success(),
            "the validator found nothing wrong"
        );
        ensure!(
            !output_text.contains("Traceback"),
            "the validator broke:\n{output_text}"
        );
        Ok(())
    }

    fn run(&self, document: &[u8]) -> Result<Output> {
        // The form is told by the name's end.
        let path = self.scratch.path().join("sbom.spdx.json");
        fs::write(&path, document)?;
        let (sh, python) = (Shell::new()?, find_python()?);
        let run = cmd!(
            sh,
            "{python} -m spdx_tools.spdx.clitools.pyspdxtools --infile {path}"
        );
        wait_with_output(run.env("PYTHONPATH", &self.wheels))
    }
}
