//! Tests the detector's own files with sanitizers at each SIMD level: random cases against a simple reference, damaged
//! models, and the index used by grouping.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use fs_err as fs;
use serde::Deserialize;
use support::progress::print_status;
use support::run::{Shell, cmd};

use crate::Fixture;
use crate::programs::{Programs, run_all, run_and_capture};
use crate::sanitizers::{Core, SanitizerBuild, Variant, parse_tally};

/// Cases per level without `--slow`. With it, the number of cases is divided by `SLOWDOWN`, because sanitizers are
/// slow; ThreadSanitizer is slower still.
const CASES: u64 = 400;
const SLOWDOWN: u64 = 10;
const THREAD_SANITIZER_CASES: u64 = 60;
const SEED: u64 = 1;

/// The detector's files that `detector_core` is compiled with.
const SOURCES: [&str; 5] = [
    "detect.cpp",
    "dispatch.cpp",
    "feature_compiler.cpp",
    "model.cpp",
    "model_validation.cpp",
];

/// The last line of the program's output.
#[derive(Deserialize)]
struct Tally {
    cases: u64,
    rejected: u64,
    non_empty: u64,
}

pub fn test(fixture: &Fixture, slow: Option<u64>) -> Result<()> {
    fixture.skip_without_haar_detector()?;
    let programs = Programs::new(fixture)?;
    let build = SanitizerBuild::new(fixture, &programs)?;
    let inputs = programs.dir().join("text-cascades");
    fs::create_dir_all(&inputs)?;
    let (sh, share) = (Shell::new()?, fixture.share_dir());
    let export_text = programs.compile("haar", "export_text")?;
    run_and_capture(cmd!(sh, "{export_text} {share} {inputs}"))?;

    let cases = slow.map_or(CASES, |cases| cases / SLOWDOWN);
    let numbers = |cases| [SEED, 0, cases].map(|number: u64| number.to_string());
    // The index has no SIMD code.
    let (grouping_index, random) = (build.compile_lowest(&core("grouping_index", &[]))?, numbers(cases));
    run_and_capture(cmd!(sh, "{grouping_index} {random...}"))?;

    let compiled = build.compile(&core("detector_core", &SOURCES.map(PathBuf::from)))?;
    let cases_of = |variant: &Variant| variant.cases(cases, THREAD_SANITIZER_CASES);
    let runs = compiled.iter().map(|(variant, program)| {
        let random = numbers(cases_of(variant));
        Command::from(cmd!(sh, "{program} {inputs} {random...}"))
    });
    let outputs = run_all(runs.collect())?;
    for ((variant, _), output) in compiled.iter().zip(outputs) {
        check_tally(&variant.describe(), cases_of(variant), &output)?;
    }
    Ok(())
}

fn core<'a>(program: &'a str, sources: &'a [PathBuf]) -> Core<'a> {
    Core {
        detector: "haar",
        program,
        sources,
    }
}

/// Checks that all cases ran and that enough of them found windows.
fn check_tally(variant: &str, cases: u64, output: &str) -> Result<()> {
    let tally: Tally = parse_tally(output)?;
    let supported = tally.cases - tally.rejected.min(tally.cases);
    ensure!(
        tally.cases == cases && supported * 2 > tally.cases && tally.non_empty * 6 > tally.cases,
        "at {variant} too few cases are meaningful: {output}"
    );
    print_status(&format!(
        "{variant}: {} cases; the detector supports {supported} and finds windows in {}",
        tally.cases, tally.non_empty
    ));
    Ok(())
}
