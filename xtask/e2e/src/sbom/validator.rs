//! spdx-tools, the reference validator of SPDX documents, which is written in Python.

use std::path::PathBuf;
use std::process::Output;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::internals::find_python;
use tempfile::TempDir;

use package::workspace::Workspace;
use support::run::{Shell, cmd, wait_with_output};

use crate::pinned_wheels;

pub struct Validator {
    wheels: PathBuf,
    scratch: TempDir,
}

impl Validator {
    pub fn install(workspace: &Workspace) -> Result<Self> {
        Ok(Self {
            wheels: pinned_wheels::install(workspace, "validator")?,
            scratch: tempfile::tempdir().context("failed to create a temporary folder")?,
        })
    }

    /// Fails with the validator's output if the document is invalid.
    pub fn expect_valid(&self, name: &str, document: &[u8]) -> Result<()> {
        let output = self.run(document)?;
        ensure!(
            output.status.success(),
            "the SBOM of the {name} is not valid:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// Fails if the document is valid, or if the validator crashes.
    pub fn expect_invalid(&self, document: &[u8]) -> Result<()> {
        let output = self.run(document)?;
        let output_text = [output.stdout, output.stderr].concat();
        let output_text = String::from_utf8_lossy(&output_text);
        ensure!(!output.status.success(), "the validator accepted the document");
        ensure!(
            !output_text.contains("Traceback"),
            "the validator crashed:\n{output_text}"
        );
        Ok(())
    }

    fn run(&self, document: &[u8]) -> Result<Output> {
        // The extension selects the format.
        let path = self.scratch.path().join("sbom.spdx.json");
        fs::write(&path, document)?;
        let (sh, python) = (Shell::new()?, find_python()?);
        let run = cmd!(sh, "{python} -m spdx_tools.spdx.clitools.pyspdxtools --infile {path}");
        wait_with_output(run.env("PYTHONPATH", &self.wheels))
    }
}
