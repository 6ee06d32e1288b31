//! Random cases through the fast detector and through OpenCV's own code, at each level of instructions
//! that the machine has; lists of rectangles through both ways of grouping; and what programs do with classifiers
//! besides looking.

use std::path::Path;
use std::thread::available_parallelism;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use support::progress::tell;
use support::run::{Shell, cmd};

use super::levels::{Level, levels};
use crate::programs::{Programs, all_said, said};
use crate::{Fixture, no_detector};

/// Cases at each level, without `--slow`. The first cases are always the same.
const CASES: u64 = 2_000;
const SEED: u64 = 1;

/// Lists of rectangles that are grouped, without `--slow`.
const LISTS: u64 = 3_000;

/// What the program compared.
#[derive(Deserialize)]
struct Tally {
    features: String,
    fast_detector: bool,
    packed: u64,
    cases: u64,
    /// Cases whose cascade is one for the fast detector.
    fast: u64,
    lists: u64,
    /// Cases in which there was something to find.
    filled: u64,
    rectangles: u64,
    /// Cases that the reference of the sanitizers' test was compared with as well.
    referred: u64,
}

/// What the program of groups compared.
#[derive(Deserialize)]
struct Grouped {
    cases: u64,
    /// Lists that became several groups, and fewer than they had rectangles.
    filled: u64,
    groups: u64,
    growth: f64,
}

/// Runs them.
pub fn test(fixture: &Fixture, slow: Option<u64>) -> Result<()> {
    fixture.has_detector()?;
    let programs = Programs::new(fixture)?;
    let program = programs.built("detector", "against_stock")?;
    let share = fixture.share();
    let (sh, seed) = (Shell::new()?, SEED.to_string());
    let none = cmd!(sh, "{program} {share} {seed} 0 0").env("OPENCV_CPU_DISABLE", "");
    let none = tally(&said(none)?)?;
    if !none.fast_detector {
        return Err(no_detector());
    }
    ensure!(none.packed > 0, "the SDK has no packed cascades");
    let (levels, lacking) = levels(&none.features);
    for name in lacking {
        tell(&format!(
            "{name}: skipped, because this processor does not have it"
        ));
    }
    let count = slow.unwrap_or(CASES);
    for level in &levels {
        let tallies = run(&program, &share, count, level)?;
        check(level, count, &tallies)?;
    }
    grouping(&programs, slow.unwrap_or(LISTS))?;
    for name in ["handling", "stopping"] {
        let program = programs.built("detector", name)?;
        said(cmd!(sh, "{program} {share}"))?;
    }
    tell(
        "copying, loading again, stopping, threads, masks and damaged cascades: as OpenCV's own code",
    );
    Ok(())
}

/// Lists of all kinds through both ways of grouping, and long ones, whose time the program judges itself.
fn grouping(programs: &Programs, count: u64) -> Result<()> {
    let (sh, program) = (Shell::new()?, programs.built("detector", "groups")?);
    let numbers = [SEED, 0, count].map(|number| number.to_string());
    let said = said(cmd!(sh, "{program} {numbers...}"))?;
    let grouped: Grouped = serde_json::from_str(said.lines().last().unwrap_or_default())
        .with_context(|| format!("the program says `{said}`"))?;
    ensure!(
        grouped.cases == count && grouped.filled * 8 > count,
        "too few lists say something: {said}"
    );
    tell(&format!(
        "grouping: {count} lists with {} groups; 16 times as many rectangles take {:.0} times as long at most",
        grouped.groups, grouped.growth
    ));
    Ok(())
}

/// All cases at one level, shared by as many processes as there are processors.
fn run(program: &Path, share: &Path, count: u64, level: &Level) -> Result<Vec<Tally>> {
    let processes = available_parallelism().map_or(1, |number| number.get() as u64);
    let share_of = |number: u64| number * count / processes;
    let sh = Shell::new()?;
    let command = |number| {
        let (start, end) = (share_of(number), share_of(number + 1));
        let numbers = [SEED, start, end - start].map(|number| number.to_string());
        let run = cmd!(sh, "{program} {share} {numbers...}");
        run.env("OPENCV_CPU_DISABLE", level.disabled.join(","))
            .into()
    };
    let all = all_said((0..processes).map(command).collect())?;
    all.iter().map(|text| tally(text)).collect()
}

fn tally(said: &str) -> Result<Tally> {
    let line = said.lines().last().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("the program says `{said}`"))
}

/// That it was this level and as many cases, and that there was enough to compare.
fn check(level: &Level, count: u64, tallies: &[Tally]) -> Result<()> {
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    let name = &level.name;
    for tally in tallies {
        let off = |name: &String| tally.features.contains(&format!("*{name}?"));
        ensure!(
            level.disabled.iter().all(off),
            "OpenCV does not leave out {} when told to: {}",
            level.disabled.join(" and "),
            tally.features
        );
    }
    let (cases, fast, filled) = (sum(|t| t.cases), sum(|t| t.fast), sum(|t| t.filled));
    ensure!(
        cases == count,
        "at {name} there were {cases} cases and not {count}"
    );
    ensure!(
        fast * 4 > count && filled * 10 > count && sum(|t| t.referred) * 40 > count,
        "at {name} too few cases say something: of {cases} {fast} are for the fast detector, and in {filled} \
         there is something to find"
    );
    tell(&format!(
        "{name}: {cases} cases, {fast} of them for the fast detector, {} lists with {} rectangles",
        sum(|t| t.lists),
        sum(|t| t.rectangles)
    ));
    Ok(())
}
