//! Tests the detector's own files with sanitizers at each SIMD level: random networks and images against a simple
//! reference, ONNX files of all forms, and damaged model files.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use serde::Deserialize;
use support::files::{all_files, file_name};
use support::progress::print_status;
use support::run::{Shell, cmd};

use super::models::Models;
use crate::Fixture;
use crate::programs::{Programs, run_all, run_and_capture};
use crate::sanitizers::{Core, SanitizerBuild, Variant, parse_tally};

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

/// The last line of the output of `onnx_variants`.
#[derive(Deserialize)]
struct VariantTally {
    read: u64,
    refused: u64,
}

pub fn test(fixture: &Fixture, slow: Option<u64>) -> Result<()> {
    let programs = Programs::new(fixture)?;
    let build = SanitizerBuild::new(fixture, &programs)?;
    let (sources, onnx) = (sources(fixture)?, Models::of(fixture).onnx);
    let core = |program| Core {
        detector: "yunet",
        program,
        sources: &sources,
    };
    let (damaged_models, onnx_variants) = (core("damaged_models"), core("onnx_variants"));
    // Each takes one processor, mostly for its compiler.
    thread::scope(|scope| {
        let variants = scope.spawn(|| test_onnx_variants(&build, &onnx_variants, slow));
        let damaged = test_damaged_models(&build, &damaged_models, &onnx, slow);
        let variants = variants.join();
        damaged.and(variants.unwrap_or_else(|_| Err(anyhow!("the thread of `onnx_variants` panicked"))))
    })?;
    test_cases(&build, &core("detector_core"), &onnx, slow)
}

fn test_damaged_models(build: &SanitizerBuild, core: &Core, onnx: &Path, slow: Option<u64>) -> Result<()> {
    let folder = onnx.parent().context("the model has no folder")?;
    let program = build.compile_lowest(core)?;
    let (sh, seed) = (Shell::new()?, SEED.to_string());
    let count = slow.map_or(DAMAGED_FILES, |cases| cases / SLOWDOWN * 4).to_string();
    let output = run_and_capture(cmd!(sh, "{program} {folder} {seed} {count}"))?;
    let damage: DamageTally = parse_tally(&output)?;
    // The undamaged files are among the accepted ones.
    ensure!(
        damage.packed_accepted > 2 && damage.onnx_accepted > 6,
        "hardly any damaged file gets beyond its header: {output}"
    );
    print_status(&format!(
        "damaged packed files: {} refused and {} accepted; damaged ONNX files: {} refused and {} accepted",
        damage.packed_refused, damage.packed_accepted, damage.onnx_refused, damage.onnx_accepted
    ));
    Ok(())
}

fn test_onnx_variants(build: &SanitizerBuild, core: &Core, slow: Option<u64>) -> Result<()> {
    let program = build.compile_lowest(core)?;
    let (sh, seed) = (Shell::new()?, SEED.to_string());
    let count = slow.map_or(CASES, |cases| cases / SLOWDOWN);
    let count_text = count.to_string();
    let output = run_and_capture(cmd!(sh, "{program} {seed} 0 {count_text}"))?;
    let tally: VariantTally = parse_tally(&output)?;
    ensure!(
        tally.read == count && tally.refused > 0,
        "too few ONNX files are tested: {output}"
    );
    print_status(&format!(
        "ONNX files: {} networks of any width and form are read, and {} other graphs refused",
        tally.read, tally.refused
    ));
    Ok(())
}

fn test_cases(build: &SanitizerBuild, core: &Core, onnx: &Path, slow: Option<u64>) -> Result<()> {
    let cases = slow.map_or(CASES, |cases| cases / SLOWDOWN);
    let cases_of = |variant: &Variant| variant.cases(cases, THREAD_SANITIZER_CASES);
    let (sh, seed) = (Shell::new()?, SEED.to_string());
    let compiled = build.compile(core)?;
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
