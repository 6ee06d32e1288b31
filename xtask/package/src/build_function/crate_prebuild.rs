//! Compiles the crates that do not need the SDK while OpenCV is built: a build of the function that continues after the
//! crates that fail without an SDK. The real build reuses the rest.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use fs_err as fs;
use support::child::Child;
use support::process::lower_priority;
use support::progress::ProgressStep;
use support::run::output;

use super::cargo_command::{cargo_command_without_sdk, package_arguments};
use crate::build::Build;

pub(super) struct CratePrebuild {
    cargo: Child,
    log: PathBuf,
}

impl CratePrebuild {
    /// Starts with lower priority than OpenCV's build, which leaves a processor idle for minutes.
    pub(super) fn start(build: &Build) -> Result<Self> {
        let mut cargo = cargo_command_without_sdk(build, "build")?;
        cargo.arg("--keep-going");
        // The crate `opencv` must not find the machine's own OpenCV.
        let probes = "environment,pkg_config,cmake,vcpkg_cmake,vcpkg";
        cargo.env("OPENCV_DISABLE_PROBES", probes);
        lower_priority(&mut cargo);
        let work = build.paths.work_dir(&build.recipe.target);
        let log = work.join("function.log");
        let cargo = Child::start_logged(&mut cargo, &log)?;
        Ok(Self { cargo, log })
    }

    /// Waits for its end. Ignores whether it succeeded, because it cannot build everything, and whether the number of
    /// crates, for the progress, is available.
    pub(super) fn wait(self, build: &Build) -> Result<()> {
        let compiled = || {
            let log = fs::read(&self.log).unwrap_or_default();
            String::from_utf8_lossy(&log).matches(" Compiling ").count() as u64
        };
        let mut step = ProgressStep::start("compiling the function's crates");
        let before = compiled();
        let all = crate_count(build).unwrap_or_default();
        while self.cargo.try_wait()?.is_none() {
            let now = compiled();
            step.advance(now.saturating_sub(before), all.max(now).saturating_sub(before));
            sleep(Duration::from_millis(250));
        }
        Ok(())
    }
}

fn crate_count(build: &Build) -> Result<u64> {
    let mut tree = build.cargo("tree")?;
    tree.args(package_arguments(&build.package))
        .args(["--target", build.recipe.target.rust_triple()])
        .args(["--edges", "normal,build", "--prefix", "none", "--no-dedupe"])
        .args(["--format", "{p}"]);
    let crates = output(&mut tree)?;
    Ok(crates.lines().collect::<BTreeSet<_>>().len() as u64)
}
