//! Links a small program against an SDK and, where it can, runs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::configure::Workshop;
use crate::driver::Job;
use crate::progress::Step;
use crate::recipe::Recipe;
use crate::run::show;
use crate::sdk::Manifest;

/// The program's text, for fingerprints.
pub const PROGRAM: &str = include_str!("../data/probe.cpp");

/// Compiles, links and runs the program.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProbeJob {
    compiler: PathBuf,
    triple: String,
    standard: u8,
    sdk: PathBuf,
    libraries: Vec<String>,
    /// The program's arguments; `None` where programs for the target do not run here.
    run: Option<Vec<String>>,
}

/// Refuses an SDK in `folder` that cannot be linked as `manifest` says, or does not work.
pub(crate) fn check(
    folder: &Path,
    manifest: &Manifest,
    recipe: &Recipe,
    workshop: &Workshop,
) -> Result<()> {
    let _step = Step::start("linking a program against the SDK");
    let mut arguments = vec![folder.join("share").display().to_string()];
    let catalog = Catalog::embedded();
    if recipe.has_module("imgcodecs") {
        let codecs = recipe.codecs.iter().filter_map(|c| catalog.codecs.get(c));
        arguments.extend(codecs.filter_map(|codec| codec.r#try.clone()).flatten());
    }
    let link = &manifest.link;
    let job = ProbeJob {
        compiler: workshop.compiler.cxx(),
        triple: recipe.target.rust_triple(),
        standard: recipe.cxx_standard,
        sdk: folder.to_owned(),
        libraries: link.libraries.iter().chain(&link.system).cloned().collect(),
        run: recipe.target.runs_here().then_some(arguments),
    };
    workshop
        .run(&Job::Probe(job), |_| ())
        .context("the new SDK cannot be used; it was not kept")
}

impl ProbeJob {
    pub(crate) fn perform(&self) -> Result<()> {
        let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
        let source = folder.path().join("probe.cpp");
        std::fs::write(&source, PROGRAM)?;
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
        let mut link = Command::new(&self.compiler);
        link.args(["-pie", "-o"]).arg(&program).args(&objects);
        link.arg("-L").arg(self.sdk.join("lib"));
        link.args(self.libraries.iter().map(|name| format!("-l{name}")));
        succeed(&mut link)?;
        if let Some(arguments) = &self.run {
            succeed(Command::new(&program).args(arguments))?;
        }
        Ok(())
    }
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("failed to start `{}`", show(command)))?;
    ensure!(
        status.success(),
        "failed to run `{}`: {status}",
        show(command)
    );
    Ok(())
}
