//! Compares the fast detector with OpenCV's own code: random cases at each SIMD level of the machine, lists of
//! rectangles through both implementations of grouping, and other uses of classifiers.

use std::path::Path;
use std::thread::available_parallelism;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use support::progress::print_status;
use support::run::{Shell, cmd};

use crate::programs::{Programs, run_all, run_and_capture};
use crate::simd_levels::{SimdLevel, supported_levels};
use crate::{Fixture, skip_no_detector};

/// Cases per level without `--slow`. The first cases are always the same.
const CASES: u64 = 2_000;
const SEED: u64 = 1;

/// Lists of rectangles to group, without `--slow`.
const LISTS: u64 = 3_000;

/// The last line of the output of `compare_detection`.
#[derive(Deserialize)]
struct Tally {
    cpu_features: String,
    fast_detector: bool,
    packed_cascades: u64,
    cases: u64,
    /// Cases whose cascade the fast detector supports.
    fast_cases: u64,
    lists: u64,
    /// Cases with detections.
    non_empty: u64,
    rectangles: u64,
    /// Cases that were also compared with the reference of the sanitizers' test.
    checked_by_reference: u64,
    /// Of the rectangles of all cases; the sum over processes, modulo 2^64, is that of their cases together.
    digest: u64,
}

/// The last line of the output of `compare_grouping`.
#[derive(Deserialize)]
struct GroupingTally {
    cases: u64,
    /// Lists that became several groups, but fewer than their rectangles.
    partly_grouped: u64,
    groups: u64,
    time_growth: f64,
}

pub fn test(fixture: &Fixture, slow: Option<u64>) -> Result<()> {
    fixture.skip_without_haar_detector()?;
    let programs = Programs::new(fixture)?;
    let program = programs.compile("haar", "compare_detection")?;
    let share = fixture.share_dir();
    let (sh, seed) = (Shell::new()?, SEED.to_string());
    let none = cmd!(sh, "{program} {share} {seed} 0 0").env("OPENCV_CPU_DISABLE", "");
    let none = parse_tally(&run_and_capture(none)?)?;
    if !none.fast_detector {
        return Err(skip_no_detector());
    }
    ensure!(none.packed_cascades > 0, "the SDK has no packed cascades");
    let count = slow.unwrap_or(CASES);
    for level in &supported_levels(&none.cpu_features) {
        let tallies = run_level(&program, &share, count, level)?;
        check_tallies(level, count, &tallies)?;
    }
    test_grouping(&programs, slow.unwrap_or(LISTS))?;
    if fixture.runner.is_emulated() {
        // The class's behaviour does not depend on the processor, and its speed has no meaning.
        return Ok(());
    }
    for name in ["classifier_usage", "cancellation"] {
        let program = programs.compile("haar", name)?;
        run_and_capture(cmd!(sh, "{program} {share}"))?;
    }
    print_status("copying, reloading, stopping, threads, masks and damaged cascades: same as OpenCV's own code");
    Ok(())
}

/// Compares the rectangles of OpenCV's own code in random cases between two architectures.
pub fn between_architectures(ours: &Fixture, theirs: &Fixture, count: u64) -> Result<()> {
    let digest = |fixture: &Fixture| {
        fixture.skip_without_haar_detector()?;
        let programs = Programs::new(fixture)?;
        let program = programs.compile("haar", "compare_detection")?;
        let best = SimdLevel {
            name: "all instruction sets".to_owned(),
            disabled_features: Vec::new(),
        };
        let tallies = run_level(&program, &fixture.share_dir(), count, &best)?;
        check_tallies(&best, count, &tallies)?;
        anyhow::Ok(tallies.iter().fold(0, |sum: u64, tally| sum.wrapping_add(tally.digest)))
    };
    ensure!(
        digest(ours)? == digest(theirs)?,
        "OpenCV's own code finds other rectangles in {count} random cases"
    );
    print_status(&format!(
        "{count} random cases: the same rectangles on both architectures"
    ));
    Ok(())
}

/// Groups lists of all kinds by both implementations. The program itself checks the time for long lists.
fn test_grouping(programs: &Programs, count: u64) -> Result<()> {
    let (sh, program) = (Shell::new()?, programs.compile("haar", "compare_grouping")?);
    let numbers = [SEED, 0, count].map(|number| number.to_string());
    let output = run_and_capture(cmd!(sh, "{program} {numbers...}"))?;
    let grouped: GroupingTally = serde_json::from_str(output.lines().last().unwrap_or_default())
        .with_context(|| format!("failed to parse the program's output `{output}`"))?;
    ensure!(
        grouped.cases == count && grouped.partly_grouped * 8 > count,
        "too few lists are meaningful: {output}"
    );
    print_status(&format!(
        "grouping: {count} lists with {} groups; 16 times as many rectangles take at most {:.0} times as long",
        grouped.groups, grouped.time_growth
    ));
    Ok(())
}

/// Runs all cases at one level, split between one process per processor.
fn run_level(program: &Path, share: &Path, count: u64, level: &SimdLevel) -> Result<Vec<Tally>> {
    let processes = available_parallelism().map_or(1, |number| number.get() as u64);
    let cases_of = |number: u64| number * count / processes;
    let sh = Shell::new()?;
    let command = |number| {
        let (start, end) = (cases_of(number), cases_of(number + 1));
        let numbers = [SEED, start, end - start].map(|number| number.to_string());
        let run = cmd!(sh, "{program} {share} {numbers...}");
        run.env("OPENCV_CPU_DISABLE", level.cpu_disable()).into()
    };
    let all = run_all((0..processes).map(command).collect())?;
    all.iter().map(|text| parse_tally(text)).collect()
}

fn parse_tally(output: &str) -> Result<Tally> {
    let line = output.lines().last().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("failed to parse the program's output `{output}`"))
}

/// Checks the level, the number of cases, and that enough of them are meaningful.
fn check_tallies(level: &SimdLevel, count: u64, tallies: &[Tally]) -> Result<()> {
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    let name = &level.name;
    for tally in tallies {
        level.check_report(&tally.cpu_features)?;
    }
    let (cases, fast, non_empty) = (sum(|t| t.cases), sum(|t| t.fast_cases), sum(|t| t.non_empty));
    ensure!(cases == count, "at {name} {cases} cases ran instead of {count}");
    ensure!(
        fast * 4 > count && non_empty * 10 > count && sum(|t| t.checked_by_reference) * 40 > count,
        "at {name} too few cases are meaningful: of {cases}, the fast detector supports {fast}, and {non_empty} have \
         detections"
    );
    print_status(&format!(
        "{name}: {cases} cases, {fast} of them supported by the fast detector, {} lists with {} rectangles",
        sum(|t| t.lists),
        sum(|t| t.rectangles)
    ));
    Ok(())
}
