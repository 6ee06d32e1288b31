//! `cargo xtask bench build`: compares compile time and library sizes of our minimal SDK with those of OpenCV with all
//! of its default modules and options.

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
    let full =
        Baseline::build(recipe, paths, &build.launcher).context("failed to build all of OpenCV's default modules")?;
    let mut notes = vec![if is_built {
        "the wall-clock time of building is not known: both were built before".to_owned()
    } else {
        let seconds = start.elapsed().as_secs_f64();
        format!("building OpenCV with its defaults took {seconds:.0} s (wall clock)")
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
        let note = "the compile times of our libraries are not known: they were built elsewhere";
        notes.push(note.to_owned());
    } else {
        let (all, few) = (seconds(&full.compile_time), seconds(&compile_time));
        add("compile time, sum of all compiler calls", Unit::Seconds, all, few);
    }
    let ours = &context.sdk.manifest().libraries;
    let (all, few) = (megabytes(&full.libraries), megabytes(ours));
    add("static libraries", Unit::Megabytes, all, few);
    Ok(Figures {
        method: format!(
            "OpenCV {} as static libraries from the same source by the same compiler: {} libraries by default, {} of \
             ours. `cargo xtask size` shows how much of either is linked into the function.",
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
