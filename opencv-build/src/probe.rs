//! Links a small program against an SDK and, where it can, runs it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use support::run::{Shell, cmd, succeed};

const PROGRAM: &str = include_str!("../data/probe.cpp");

/// Compiles, links and runs the program.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProbeJob {
    pub(crate) compiler: PathBuf,
    pub(crate) triple: String,
    pub(crate) standard: u8,
    pub(crate) sdk: PathBuf,
    pub(crate) libraries: Vec<String>,
    pub(crate) system: Vec<String>,
    /// The program's arguments; `None` where programs for the target do not run here.
    pub(crate) run: Option<Vec<String>>,
}

impl ProbeJob {
    pub(crate) fn perform(&self) -> Result<()> {
        let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
        let source = folder.path().join("probe.cpp");
        fs_err::write(&source, PROGRAM)?;
        let mut build = cc::Build::new();
        build
            .cpp(true)
            .compiler(&self.compiler)
            .target(&self.triple)
            .host(&self.triple)
            .opt_level(1)
            .debug(false)
            .cargo_metadata(false)
            .std(&format!("c++{}", self.standard))
            .include(self.sdk.join("include/opencv4"))
            .out_dir(folder.path())
            .file(&source);
        let objects = build.try_compile_intermediates()?;
        let program = folder.path().join("probe");
        let names = |names: &[String]| names.iter().map(|n| format!("-l{n}")).collect::<Vec<_>>();
        let (libraries, system) = (names(&self.libraries), names(&self.system));
        let (sh, compiler, sdk) = (Shell::new()?, &self.compiler, &self.sdk);
        // All of each library, and not only what the program calls: whatever is undefined in any
        // of them is found.
        succeed(cmd!(
            sh,
            "{compiler} -pie -o {program} {objects...} -L {sdk}/lib -Wl,--whole-archive {libraries...}
             -Wl,--no-whole-archive {system...}"
        ))?;
        if let Some(arguments) = &self.run {
            succeed(cmd!(sh, "{program} {arguments...}"))?;
        }
        Ok(())
    }
}
