//! Tests the detector's own files with sanitizers at each SIMD level: random networks and images against a simple
//! reference, and damaged model files.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use support::files::{all_files, file_name};
use support::progress::print_status;
use support::run::{Shell, cmd};

use super::models::Models;
use crate::Fixture;
use crate::programs::{Programs, run_all, run_and_capture};
use crate::sanitizers::{Core, SanitizerBuild, Variant};

/// Cases per level, and damaged files of each kind, without `--slow`. With it, the number of cases is divided by
/// `SLOWDOWN`, because sanitizers are slow; ThreadSanitizer is slower still.
const CASES: u64 = 60;
const DAMAGED_FILES: u64 = 200;
const SLOWDOWN: u64 = 20;
const THREAD_SANITIZER_CASES: u64 = 20;
const SEED: u64 = 1;

/// Files that need OpenCV, or that a test program includes.
const OTHER_SOURCES: [&str; 2] = ["face_detector_yn.cpp", "packed_network.cpp"];

/// The last line of the output of `detector_core`.
#[derive(Deserialize)]
struct Tally {
    cases: u64,
    candidates: u64,
    faces: u64,
}

/// The last line of the output of `damaged_models`.
#[derive(Deserialize)]
struct DamageTally {
    packed_refused: u64,
    packed_accepted: u64,
    onnx_refused: u64,
    onnx_accepted: u64,
}

pub fn test(fixture: &Fixture, slow: Option<u64>) -> Result<()> {
    fixture.skip_unless_runnable()?;
    let programs = Programs::new(fixture)?;
    let build = SanitizerBuild::new(fixture, &programs)?;
    let sources = sources(fixture)?;
    let core = |program| Core {
        detector: "yunet",
        program,
        sources: &sources,
    };
    let (sh, seed) = (Shell::new()?, SEED.to_string());
    let Models { onnx, .. } = Models::of(fixture);

    let folder = onnx.parent().context("the model has no folder")?;
    let program = build.compile_lowest(&core("damaged_models"))?;
    let count = slow.map_or(DAMAGED_FILES, |cases| cases / SLOWDOWN * 4).to_string();
    let output = run_and_capture(cmd!(sh, "{program} {folder} {seed} {count}"))?;
    let damage: DamageTally = parse_tally(&output)?;
    ensure!(
        damage.packed_accepted > 2 && damage.onnx_accepted > 2,
        "hardly any damaged file gets beyond its header: {output}"
    );
    print_status(&format!(
        "damaged packed files: {} refused and {} accepted; damaged ONNX files: {} refused and {} accepted",
        damage.packed_refused, damage.packed_accepted, damage.onnx_refused, damage.onnx_accepted
    ));

    let cases = slow.map_or(CASES, |cases| cases / SLOWDOWN);
    let cases_of = |variant: &Variant| match variant.is_for_threads() {
        true => THREAD_SANITIZER_CASES,
        false => cases,
    };
    let compiled = build.compile(&core("detector_core"))?;
    let runs = compiled.iter().map(|(variant, program)| {
        let count = cases_of(variant).to_string();
        Command::from(cmd!(sh, "{program} {onnx} {seed} 0 {count}"))
    });
    for ((variant, _), output) in compiled.iter().zip(run_all(runs.collect())?) {
        let (tally, how): (Tally, _) = (parse_tally(&output)?, variant.describe());
        ensure!(
            tally.cases == cases_of(variant) && tally.faces > 0,
            "at {how} too few cases are meaningful: {output}"
        );
        print_status(&format!(
            "{how}: {} cases with {} candidates and {} faces",
            tally.cases, tally.candidates, tally.faces
        ));
    }
    Ok(())
}

/// The detector's files that need no OpenCV, relative to its folder.
fn sources(fixture: &Fixture) -> Result<Vec<PathBuf>> {
    let folder = SanitizerBuild::detector_dir(fixture, "yunet");
    let is_needed = |path: &PathBuf| {
        path.extension().is_some_and(|kind| kind == "cpp") && !OTHER_SOURCES.contains(&&*file_name(path))
    };
    let files = all_files(&folder)?.into_iter().filter(is_needed);
    files.map(|path| Ok(path.strip_prefix(&folder)?.to_owned())).collect()
}

fn parse_tally<Tally: DeserializeOwned>(output: &str) -> Result<Tally> {
    let line = output.lines().last().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("failed to parse the program's output `{output}`"))
}
