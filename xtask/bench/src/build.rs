//! `cargo xtask bench build`: our minimal SDK against OpenCV with all modules and options that it has by
//! default: how long compiling each takes, and the size of its libraries.

use std::time::Instant;

use anyhow::{Context, Result};
use opencv_build::Library;
use opencv_build::internals::{Baseline, CompileTime};

use super::context::BenchContext;
use super::figures::{Figures, Group, Unit};

const DEFAULT: &str = "default build";
const OURS: &str = "ours";

pub fn run(context: &BenchContext) -> Result<Figures> {
    let build = &context.build;
    let (recipe, paths) = (&build.recipe, &build.paths);
    let is_built = Baseline::find_cached(recipe, paths)?.is_some();
    let start = Instant::now();
    let full = Baseline::build(recipe, paths, &build.launcher)
        .context("failed to build all of OpenCV's default modules")?;
    let mut notes = vec![if is_built {
        "how long building took by the clock is not known: both were built before".to_owned()
    } else {
        let seconds = start.elapsed().as_secs_f64();
        format!("building OpenCV with its defaults took {seconds:.0} s by the clock")
    }];
    let full = &full.manifest;
    let compile_time = CompileTime::read(&paths.work_dir(&recipe.target))?;
    let mut groups = Vec::new();
    let mut add = |title: &str, unit, default: f64, ours: f64| {
        let group = Group::new(title, unit, Some(DEFAULT));
        groups.push(group.with_case("all libraries", &[(DEFAULT, default), (OURS, ours)]));
    };
    let seconds = |compile_time: &CompileTime| compile_time.seconds.values().sum::<f64>();
    if compile_time.seconds.is_empty() {
        let note = "how long our libraries took to compile is not known: they were built elsewhere";
        notes.push(note.to_owned());
    } else {
        let (all, few) = (seconds(&full.compile_time), seconds(&compile_time));
        add(
            "all calls of the compiler together",
            Unit::Seconds,
            all,
            few,
        );
    }
    let ours = &context.sdk.manifest().libraries;
    let (all, few) = (megabytes(&full.libraries), megabytes(ours));
    add("static libraries", Unit::Megabytes, all, few);
    Ok(Figures {
        method: format!(
            "OpenCV {} as static libraries from the same source by the same compiler: {} libraries by default, {} of \
             ours. Of the function, `cargo xtask size` shows what is linked of either.",
            full.version,
            full.libraries.len(),
            ours.len()
        ),
        notes,
        groups,
    })
}

fn megabytes(libraries: &[Library]) -> f64 {
    let bytes: u64 = libraries.iter().map(|library| library.bytes).sum();
    #[expect(clippy::cast_precision_loss, reason = "four digits are kept")]
    let bytes = bytes as f64;
    bytes / 1e6
}
