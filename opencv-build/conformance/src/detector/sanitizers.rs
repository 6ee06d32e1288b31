//! The detector's own files by themselves, compiled with the machine's compiler and its sanitizers at each level of
//! instructions: random cases against a plain reference, damaged models, and what grouping searches by.

use std::path::Path;
use std::process::Command;

use crate::skip::Skip;
use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde::Deserialize;
use support::progress::{Step, tell};
use support::run::{Shell, cmd, output};

use crate::programs::{Programs, all_said, said};
use crate::{Fixture, no_detector};

/// Cases at each level without `--slow`, and how many times fewer than `--cases` with it, since sanitizers are slow; the
/// one for threads is slower still.
const CASES: u64 = 400;
const FEWER: u64 = 10;
const THREADED: u64 = 60;
const SEED: u64 = 1;

/// Where the files are that are tried.
const DETECTOR: &str = "opencv-build/overlay/modules/objdetect/src/haar";

const LEVELS: &str = include_str!("../../data/detector/levels.toml");

/// What `data/detector/levels.toml` has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Levels {
    level: Vec<Level>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    name: String,
    flags: Vec<String>,
    needs: Vec<String>,
}

/// One way to compile the program.
struct Way {
    level: Level,
    sanitizers: &'static str,
    cases: u64,
}

/// What the program compared.
#[derive(Deserialize)]
struct Tally {
    cases: u64,
    refused: u64,
    filled: u64,
}

/// Compiles and runs it in all ways.
pub fn test(fixture: &Fixture, slow: Option<u64>) -> Result<()> {
    fixture.has_detector()?;
    let detector = fixture.root.join(DETECTOR);
    if !detector.is_dir() {
        return Err(no_detector());
    }
    let programs = Programs::new(fixture)?;
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let compiler = compiler(scratch.path())?;
    let inputs = programs.folder().join("plain-cascades");
    fs::create_dir_all(&inputs)?;
    let (sh, plain, share) = (
        Shell::new()?,
        programs.built("detector", "plain")?,
        fixture.share(),
    );
    said(cmd!(sh, "{plain} {share} {inputs}"))?;

    let cases = slow.map_or(CASES, |cases| cases / FEWER);
    let ways = ways(fixture, cases)?;
    let step = Step::start(format!(
        "compiling the detector with {compiler}'s sanitizers"
    ));
    let program = |way: &Way| {
        programs
            .folder()
            .join(format!("core-{}-{}", way.level.name, way.cases))
    };
    let (own, kept) = (fixture.data().join("detector"), fixture.sdk.path());
    let compiling = |way: &Way| {
        let (sanitizers, flags) = (way.sanitizers, &way.level.flags);
        // A product and a sum as one round once where two operations round twice, which OpenCV's build never does.
        cmd!(
            sh,
            "{compiler} -std=c++17 -O1 -g -fno-omit-frame-pointer -pthread -ffp-contract=off
             -fno-sanitize-recover=all {sanitizers} -D__OPENCV_BUILD -DCV_ENABLE_INTRINSICS
             -DOPENCV_HAAR_DETECTOR {flags...} -I {detector} -I {own}/standin -I {own}/standin/haar
             -I {kept}/include/opencv4"
        )
    };
    let compile = |way: &Way| {
        let names = ["check", "detect", "dispatch", "model", "stump"];
        let files = names.map(|name| detector.join(name).with_extension("cpp"));
        let compile = compiling(way).arg(own.join("core.cpp")).args(files);
        Command::from(compile.arg("-o").arg(program(way)))
    };
    // What grouping is by itself has no instructions of its own.
    let similar = programs.folder().join("similar");
    let first = ways.first().context("there is nothing to compile")?;
    let index = compiling(first).arg(own.join("similar.cpp"));
    let index = Command::from(index.arg("-o").arg(&similar));
    all_said(ways.iter().map(compile).chain([index]).collect())?;
    drop(step);
    let numbers = |cases| [SEED, 0, cases].map(|number: u64| number.to_string());
    let random = numbers(cases);
    said(cmd!(sh, "{similar} {random...}"))?;

    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor: Vec<_> = processor.split_whitespace().collect();
    let lacks = |need: &&String| !processor.contains(&need.as_str());
    let mut runs = Vec::new();
    for way in &ways {
        if let Some(lacking) = way.level.needs.iter().find(lacks) {
            tell(&format!(
                "{}: compiled, and running it skipped, because this processor has no {lacking}",
                way.level.name
            ));
            continue;
        }
        let (program, random) = (program(way), numbers(way.cases));
        let run = Command::from(cmd!(sh, "{program} {inputs} {random...}"));
        runs.push((way, run));
    }
    ensure!(!runs.is_empty(), "no level can be run here");
    let (ways, runs): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
    for (way, said) in ways.iter().zip(all_said(runs)?) {
        check(way, &said)?;
    }
    Ok(())
}

/// The SDK's levels under the sanitizers of memory and of undefined behaviour, and the lowest one under that of threads.
fn ways(fixture: &Fixture, cases: u64) -> Result<Vec<Way>> {
    let known: Levels =
        toml::from_str(LEVELS).context("data/detector/levels.toml is not a list of levels")?;
    let cpu = &fixture.sdk.manifest().cpu;
    let mut ways = Vec::new();
    for name in cpu.baseline.iter().chain(&cpu.dispatch) {
        let level = known.level.iter().find(|level| level.name == *name);
        let level = level.with_context(|| {
            format!(
                "opencv-build/conformance/data/detector/levels.toml does not know {name}; add how it is compiled for"
            )
        })?;
        ways.push(Way {
            level: level.clone(),
            // The last is undefined as well, and in no group.
            sanitizers: "-fsanitize=address,undefined,float-cast-overflow",
            cases,
        });
    }
    let lowest = ways.first().context("the SDK names no baseline")?;
    ways.push(Way {
        level: lowest.level.clone(),
        sanitizers: "-fsanitize=thread",
        cases: THREADED,
    });
    Ok(ways)
}

/// A compiler of this machine that has the sanitizers: it links a program with each.
fn compiler(scratch: &Path) -> Result<String> {
    let source = scratch.join("empty.cpp");
    fs::write(&source, "int main() { return 0; }\n")?;
    let (sh, program) = (Shell::new()?, scratch.join("empty"));
    let links = |compiler: &str, sanitizer: &str| {
        output(cmd!(sh, "{compiler} {sanitizer} {source} -o {program}")).is_ok()
    };
    for compiler in ["g++", "clang++"] {
        if links(compiler, "-fsanitize=address,undefined") && links(compiler, "-fsanitize=thread") {
            return Ok(compiler.to_owned());
        }
    }
    let reason = "neither g++ nor clang++ is here with its sanitizers; install g++";
    Err(Skip::because(reason.to_owned()))
}

/// That all cases were tried and some say something.
fn check(way: &Way, said: &str) -> Result<()> {
    let (name, sanitizers) = (
        &way.level.name,
        way.sanitizers.trim_start_matches("-fsanitize="),
    );
    let line = said.lines().last().unwrap_or_default();
    let tally: Tally =
        serde_json::from_str(line).with_context(|| format!("the program says `{said}`"))?;
    let taken = tally.cases - tally.refused.min(tally.cases);
    ensure!(
        tally.cases == way.cases && taken * 2 > tally.cases && tally.filled * 6 > tally.cases,
        "at {name} too few cases say something: {said}"
    );
    tell(&format!(
        "{name} with {sanitizers}: {} cases, of which the detector takes {taken}, and windows are found in {}",
        tally.cases, tally.filled
    ));
    Ok(())
}
