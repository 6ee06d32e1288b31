//! Links a small program against an SDK and, if it can run on the host, runs it.

use std::path::Path;

use anyhow::{Context, Result};

use crate::catalog::Catalog;
use crate::context::BuildContext;
use crate::manifest::Link;
use support::progress::ProgressStep;
use support::run::{Shell, cmd};

const PROGRAM: &str = include_str!("../data/probe.cpp");

/// Fails if a program cannot be linked against the SDK in `sdk` according to `link`, or does not work.
pub(crate) fn check(sdk: &Path, link: &Link, context: &BuildContext) -> Result<()> {
    let _step = ProgressStep::start("linking a program against the SDK");
    link_and_run(sdk, link, context)
        .with_context(|| format!("failed to link a program against `{}`", sdk.display()))
        .context("the new SDK is unusable and was discarded")
}

fn link_and_run(sdk: &Path, link: &Link, context: &BuildContext) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let [source, object, program] = ["probe.cpp", "probe.o", "probe"].map(|name| folder.path().join(name));
    fs_err::write(&source, PROGRAM)?;
    let (sh, recipe, compiler) = (Shell::new()?, context.recipe, context.compiler.cxx());
    let standard = recipe.cxx_standard.to_string();
    context.run(cmd!(
        sh,
        "{compiler} -std=c++{standard} -O1 -fPIC -I {sdk}/include/opencv4 -c {source} -o {object}"
    ))?;
    let names = |names: &[String]| names.iter().map(|n| format!("-l{n}")).collect::<Vec<_>>();
    let (libraries, system) = (names(&link.libraries), names(&link.system));
    // Link all objects of each library, not only those that the program needs, to find every undefined symbol.
    context.run(cmd!(
        sh,
        "{compiler} -pie -o {program} {object} -L {sdk}/lib -Wl,--whole-archive {libraries...}
         -Wl,--no-whole-archive {system...}"
    ))?;
    if !recipe.target.runs_on_host() {
        return Ok(());
    }
    let catalog = Catalog::embedded();
    let codecs = recipe.codecs.iter().filter_map(|c| catalog.codecs.get(c));
    let codecs = codecs.filter(|_| recipe.has_module("imgcodecs"));
    let round_trips = codecs.filter_map(|codec| codec.round_trip.as_ref()).flatten();
    context.run(cmd!(sh, "{program} {sdk}/share {round_trips...}"))
}
