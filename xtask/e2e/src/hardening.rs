//! Checks that programs compiled with the hardening flags abort on memory errors, with the errors in
//! `data/hardening/mistakes.cpp`.

use std::os::unix::process::ExitStatusExt;

use anyhow::{Context, Result, ensure};
use opencv_build::Sdk;

use crate::sdk_fixture::sdk_fixture;
use package::build::Build;
use support::run::{Shell, cmd, output, wait_with_output};

/// The signal of glibc's checks (SIGABRT).
const ABORT_SIGNAL: i32 = 6;
/// The signals of libc++'s checks (SIGILL, SIGTRAP).
const TRAP_SIGNALS: [i32; 2] = [4, 5];

/// Each error with a valid number, one that is too large, and the expected signals.
const MISTAKES: [(&str, &str, &str, &[i32]); 4] = [
    ("stack", "16", "64", &[ABORT_SIGNAL]),
    ("memcpy", "16", "64", &[ABORT_SIGNAL]),
    ("heap", "16", "20", &[ABORT_SIGNAL]),
    ("vector", "15", "16", &TRAP_SIGNALS),
];

pub fn test(build: &Build, sdk: &Sdk) -> Result<()> {
    let tools = build.tools()?;
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let at = |name: &str| scratch.path().join(name);
    let source = build.workspace.root().join("xtask/e2e/data/hardening/mistakes.cpp");
    let (sh, cxx) = (Shell::new()?, tools.cxx());
    let (object, program) = (at("mistakes.o"), at("mistakes"));
    output(cmd!(sh, "{cxx} -O2 -c {source} -o {object}"))?;
    output(cmd!(sh, "{cxx} {object} -o {program}"))?;
    let program = sdk_fixture(build, sdk)?.runnable(&program)?;
    let make = |mistake: &str, number: &str| {
        wait_with_output(cmd!(sh, "{program} {mistake} {number}")).map(|ended| ended.status)
    };
    for (mistake, right, wrong, signals) in MISTAKES {
        let good = make(mistake, right)?;
        ensure!(good.success(), "{mistake} {right}: {good}");
        let bad = make(mistake, wrong)?;
        let stopped = bad.signal().is_some_and(|signal| signals.contains(&signal));
        ensure!(stopped, "{mistake} {wrong} did not abort: {bad}");
    }
    let left = make("uninitialised", "4096")?;
    ensure!(left.success(), "variables are not initialised: {left}");
    Ok(())
}
