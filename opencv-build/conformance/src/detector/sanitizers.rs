//! Tests the detector's own files, compiled by the machine's compiler with sanitizers at each SIMD level: random cases
//! against a simple reference, damaged models, and the index used by grouping.

use std::path::Path;
use std::process::Command;

use crate::skip::Skip;
use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde::Deserialize;
use support::progress::{ProgressStep, print_status};
use support::run::{Shell, cmd, output};

use crate::programs::{Programs, run_all, run_and_capture};
use crate::{Fixture, skip_no_detector};

/// Cases per level without `--slow`. With it, the number of cases is divided by `SLOWDOWN`, because sanitizers are
/// slow; ThreadSanitizer is slower still.
const CASES: u64 = 400;
const SLOWDOWN: u64 = 10;
const THREAD_SANITIZER_CASES: u64 = 60;
const SEED: u64 = 1;

const DETECTOR_DIR: &str = "opencv-build/overlay/modules/objdetect/src/haar";

const SIMD_LEVELS: &str = include_str!("../../data/detector/simd_levels.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SimdLevels {
    level: Vec<SimdLevel>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SimdLevel {
    name: String,
    compiler_flags: Vec<String>,
    cpu_flags: Vec<String>,
}

struct BuildVariant {
    level: SimdLevel,
    sanitizers: &'static str,
    cases: u64,
}

/// The last line of the program's output.
#[derive(Deserialize)]
struct Tally {
    cases: u64,
    rejected: u64,
    non_empty: u64,
}

pub fn test(fixture: &Fixture, slow: Option<u64>) -> Result<()> {
    fixture.skip_without_detector()?;
    let detector = fixture.project_dir.join(DETECTOR_DIR);
    if !detector.is_dir() {
        return Err(skip_no_detector());
    }
    let programs = Programs::new(fixture)?;
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let compiler = find_compiler(scratch.path())?;
    let inputs = programs.dir().join("text-cascades");
    fs::create_dir_all(&inputs)?;
    let (sh, export_text, share) = (
        Shell::new()?,
        programs.compile("detector", "export_text")?,
        fixture.share_dir(),
    );
    run_and_capture(cmd!(sh, "{export_text} {share} {inputs}"))?;

    let cases = slow.map_or(CASES, |cases| cases / SLOWDOWN);
    let variants = build_variants(fixture, cases)?;
    let step = ProgressStep::start(format!("compiling the detector with {compiler}'s sanitizers"));
    let program = |variant: &BuildVariant| {
        programs
            .dir()
            .join(format!("detector-core-{}-{}", variant.level.name, variant.cases))
    };
    let (own, kept) = (fixture.data_dir().join("detector"), fixture.sdk.path());
    let compiling = |variant: &BuildVariant| {
        let (sanitizers, flags) = (variant.sanitizers, &variant.level.compiler_flags);
        // No contraction: a fused multiply-add rounds once instead of twice, and OpenCV's build never uses it.
        cmd!(
            sh,
            "{compiler} -std=c++17 -O1 -g -fno-omit-frame-pointer -pthread -ffp-contract=off
             -fno-sanitize-recover=all {sanitizers} -D__OPENCV_BUILD -DCV_ENABLE_INTRINSICS
             -DOPENCV_HAAR_DETECTOR {flags...} -I {detector} -I {own}/stubs -I {own}/stubs/haar
             -I {kept}/include/opencv4"
        )
    };
    let compile = |variant: &BuildVariant| {
        let names = ["detect", "dispatch", "feature_compiler", "model", "model_validation"];
        let files = names.map(|name| detector.join(name).with_extension("cpp"));
        let compile = compiling(variant).arg(own.join("detector_core.cpp")).args(files);
        Command::from(compile.arg("-o").arg(program(variant)))
    };
    // The grouping index has no SIMD code.
    let grouping_index = programs.dir().join("grouping_index");
    let first = variants.first().context("no SIMD level to compile")?;
    let index = compiling(first).arg(own.join("grouping_index.cpp"));
    let index = Command::from(index.arg("-o").arg(&grouping_index));
    run_all(variants.iter().map(compile).chain([index]).collect())?;
    drop(step);
    let numbers = |cases| [SEED, 0, cases].map(|number: u64| number.to_string());
    let random = numbers(cases);
    run_and_capture(cmd!(sh, "{grouping_index} {random...}"))?;

    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor: Vec<_> = processor.split_whitespace().collect();
    let is_missing = |flag: &&String| !processor.contains(&flag.as_str());
    let mut runs = Vec::new();
    for variant in &variants {
        if let Some(missing) = variant.level.cpu_flags.iter().find(is_missing) {
            print_status(&format!(
                "{}: compiled but not run, because this processor has no {missing}",
                variant.level.name
            ));
            continue;
        }
        let (program, random) = (program(variant), numbers(variant.cases));
        let run = Command::from(cmd!(sh, "{program} {inputs} {random...}"));
        runs.push((variant, run));
    }
    ensure!(
        !runs.is_empty(),
        "this processor supports none of the SDK's SIMD levels"
    );
    let (variants, runs): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
    for (variant, text) in variants.iter().zip(run_all(runs)?) {
        check_tally(variant, &text)?;
    }
    Ok(())
}

/// The SDK's levels with the address and undefined behaviour sanitizers, and the lowest one with ThreadSanitizer.
fn build_variants(fixture: &Fixture, cases: u64) -> Result<Vec<BuildVariant>> {
    let known: SimdLevels = toml::from_str(SIMD_LEVELS).context("failed to parse data/detector/simd_levels.toml")?;
    let cpu = &fixture.sdk.manifest().cpu;
    let mut variants = Vec::new();
    for name in cpu.baseline.iter().chain(&cpu.dispatch) {
        let level = known.level.iter().find(|level| level.name == *name);
        let level = level.with_context(|| {
            format!("opencv-build/conformance/data/detector/simd_levels.toml has no level {name}; add it")
        })?;
        variants.push(BuildVariant {
            level: level.clone(),
            // `undefined` does not include float-cast-overflow.
            sanitizers: "-fsanitize=address,undefined,float-cast-overflow",
            cases,
        });
    }
    let lowest = variants.first().context("the SDK's manifest has no CPU baseline")?;
    variants.push(BuildVariant {
        level: lowest.level.clone(),
        sanitizers: "-fsanitize=thread",
        cases: THREAD_SANITIZER_CASES,
    });
    Ok(variants)
}

/// A compiler of this machine that links programs with the sanitizers.
fn find_compiler(scratch: &Path) -> Result<String> {
    let source = scratch.join("empty.cpp");
    fs::write(&source, "int main() { return 0; }\n")?;
    let (sh, program) = (Shell::new()?, scratch.join("empty"));
    let links =
        |compiler: &str, sanitizer: &str| output(cmd!(sh, "{compiler} {sanitizer} {source} -o {program}")).is_ok();
    for compiler in ["g++", "clang++"] {
        if links(compiler, "-fsanitize=address,undefined") && links(compiler, "-fsanitize=thread") {
            return Ok(compiler.to_owned());
        }
    }
    let reason = "no compiler with sanitizers is installed; install g++";
    Err(Skip::with_reason(reason.to_owned()))
}

/// Checks that all cases ran and that enough of them found windows.
fn check_tally(variant: &BuildVariant, output: &str) -> Result<()> {
    let (name, sanitizers) = (
        &variant.level.name,
        variant.sanitizers.trim_start_matches("-fsanitize="),
    );
    let line = output.lines().last().unwrap_or_default();
    let tally: Tally =
        serde_json::from_str(line).with_context(|| format!("failed to parse the program's output `{output}`"))?;
    let supported = tally.cases - tally.rejected.min(tally.cases);
    ensure!(
        tally.cases == variant.cases && supported * 2 > tally.cases && tally.non_empty * 6 > tally.cases,
        "at {name} too few cases are meaningful: {output}"
    );
    print_status(&format!(
        "{name} with {sanitizers}: {} cases; the detector supports {supported} and finds windows in {}",
        tally.cases, tally.non_empty
    ));
    Ok(())
}
