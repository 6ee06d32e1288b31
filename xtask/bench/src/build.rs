//! `cargo xtask bench build`: our minimal SDK against OpenCV with all modules and options that it has by
//! default: how long compiling each takes, and the size of its libraries.

use std::time::Instant;

use anyhow::{Context, Result};
use opencv_build::Library;
use opencv_build::internals::{Baseline, Effort};

use super::figures::{Figures, Group, Unit};
use super::setting::Setting;

const DEFAULT: &str = "default build";
const OURS: &str = "ours";

pub fn run(setting: &Setting) -> Result<Figures> {
    let build = &setting.build;
    let (recipe, paths) = (build.recipe(), build.paths());
    let mut notes = Vec::new();
    let there = Baseline::present(recipe, paths)?.is_some();
    let start = Instant::now();
    let full = Baseline::build(recipe, paths, build.driver())
        .context("failed to build all of OpenCV's default modules")?;
    if there {
        notes.push(
            "how long building took by the clock is not known: both were built before".to_owned(),
        );
    } else {
        notes.push(format!(
            "building OpenCV with its defaults took {:.0} s by the clock",
            start.elapsed().as_secs_f64()
        ));
    }
    let full = full.description();
    let effort = Effort::of(&paths.work(&recipe.target))?;
    let mut groups = Vec::new();
    let seconds = |effort: &Effort| effort.seconds.values().sum::<f64>();
    if effort.seconds.is_empty() {
        notes.push(
            "how long our libraries took to compile is not known: they were built elsewhere"
                .to_owned(),
        );
    } else {
        let mut group = Group::new(
            "all calls of the compiler together",
            Unit::Seconds,
            Some(DEFAULT),
        );
        group.add(
            "all libraries",
            &[(DEFAULT, seconds(&full.effort)), (OURS, seconds(&effort))],
        );
        groups.push(group);
    }
    let mut sizes = Group::new("static libraries", Unit::Megabytes, Some(DEFAULT));
    let ours = &setting.sdk.manifest().libraries;
    sizes.add(
        "all libraries",
        &[
            (DEFAULT, megabytes(&full.libraries)),
            (OURS, megabytes(ours)),
        ],
    );
    groups.push(sizes);
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
