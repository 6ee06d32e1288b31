//! `cargo xtask build-function`: builds the function's binary, linked against the SDK, and checks that Lambda can run
//! it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use fs_err as fs;
use layer::elf::FunctionBinary;
use layer::elf::hardening::Hardening;
use opencv_build::{Architecture, GlibcVersion, Sdk, Target, find_cached};
use serde::Serialize;

use crate::build::{Arguments, Build};
use crate::workspace::Workspace;
use support::child::Child;
use support::files::{file_name, file_size, remove_if_exists, sorted_entries};
use support::output::{CommandOutput, display_path, format_bytes, print};
use support::process::lower_priority;
use support::progress::ProgressStep;
use support::run::{output, run_checked};

#[derive(Serialize)]
struct BuildFunctionOutput {
    binary: PathBuf,
    bytes: u64,
    architecture: Architecture,
    needed: Vec<String>,
    required_glibc: Option<GlibcVersion>,
    target_glibc: GlibcVersion,
    hardening: Hardening,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let (sdk, binary) = build_binary(&Build::read(arguments)?)?;
    let elf = binary.elf();
    let output = BuildFunctionOutput {
        binary: binary.path().to_owned(),
        bytes: file_size(binary.path())?,
        architecture: binary.architecture(),
        needed: elf.needed.clone(),
        required_glibc: elf.required_glibc.as_ref().map(|(glibc, _)| *glibc),
        target_glibc: sdk.manifest().target.glibc,
        hardening: elf.hardening.clone(),
    };
    print(&output, json)
}

/// Builds the SDK and the binary, and checks the binary's target and hardening.
pub fn build_binary(build: &Build) -> Result<(Sdk, FunctionBinary)> {
    let target = build.recipe.target;
    let path = profile_dir(&build.workspace, &target).join("bootstrap");
    // If the binary exists, its crates are already compiled.
    let first = !path.is_file() && find_cached(&build.recipe, &build.paths)?.is_none();
    let prebuild = first.then(|| CratePrebuild::start(build)).transpose()?;
    let sdk = build.build_sdk()?;
    if let Some(prebuild) = prebuild {
        prebuild.wait(build)?;
    }
    let mut cargo = cargo_command(build, &sdk, "build")?;
    run_checked(&mut cargo)?;
    let binary = FunctionBinary::check(&path, target.architecture, target.glibc)?.require_hardened()?;
    Ok((sdk, binary))
}

/// Compiles the crates that do not need the SDK while OpenCV is built: a build of the function that continues after the
/// crates that fail without an SDK. The real build reuses the rest.
struct CratePrebuild {
    cargo: Child,
    log: PathBuf,
}

impl CratePrebuild {
    /// Starts with lower priority than OpenCV's build, which leaves a processor idle for minutes.
    fn start(build: &Build) -> Result<Self> {
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
    fn wait(self, build: &Build) -> Result<()> {
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
    let mut tree = crate::cargo::cargo(&build.workspace, "tree")?;
    tree.args(["--package", "function", "--features", "opencv"])
        .args(["--target", &build.recipe.target.rust_triple()])
        .args(["--edges", "normal,build", "--prefix", "none", "--no-dedupe"])
        .args(["--format", "{p}"]);
    let crates = output(&mut tree)?;
    Ok(crates.lines().collect::<BTreeSet<_>>().len() as u64)
}

/// cargo for `subcommand` on the function with the profile for Lambda, in an environment that links it against `sdk`.
pub fn cargo_command(build: &Build, sdk: &Sdk, subcommand: &str) -> Result<Command> {
    let mut cargo = cargo_command_without_sdk(build, subcommand)?;
    cargo.envs(sdk.environment());
    Ok(cargo)
}

/// The same call of cargo without an SDK: crates that do not need one are compiled with the same flags.
fn cargo_command_without_sdk(build: &Build, subcommand: &str) -> Result<Command> {
    let (workspace, tools) = (&build.workspace, build.tools()?);
    let target = build.recipe.target;
    let record = link_record_dir(workspace, &target);
    let mut cargo = crate::cargo::cargo(workspace, subcommand)?;
    // After `cargo`, which writes cargo's home, from which the flags are derived.
    let flags = rust_flags(workspace)?.join("\u{1f}");
    cargo
        .args(["--package", "function", "--features", "opencv"])
        .args(["--profile", "lambda", "--target"])
        .arg(target.rust_triple())
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .envs(tools.environment()?)
        // Overrides the linker in the tools' environment.
        .envs(tools.link_record_environment(&record)?);
    Ok(cargo)
}

fn profile_dir(workspace: &Workspace, target: &Target) -> PathBuf {
    workspace.target_dir().join(target.rust_triple()).join("lambda")
}

/// Makes the next build link the function again, even if nothing has changed.
pub fn force_relink(workspace: &Workspace, target: &Target) -> Result<()> {
    let folder = profile_dir(workspace, target).join("deps");
    for path in sorted_entries(&folder)? {
        if file_name(&path).starts_with("bootstrap-") && path.extension().is_none() {
            remove_if_exists(&path)?;
        }
    }
    Ok(())
}

pub fn link_record_dir(workspace: &Workspace, target: &Target) -> PathBuf {
    let sizes = workspace.target_dir().join("size");
    sizes.join(target.dir_name()).join("link")
}

/// Flags that remove this machine's paths from the binary's panic messages, and select v0 symbol names, which contain
/// the crates of a function's generic arguments.
fn rust_flags(workspace: &Workspace) -> Result<Vec<String>> {
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let mut flags = vec![
        remap(workspace.root(), "project"),
        // The last matching prefix takes precedence.
        remap(&workspace.target_dir(), "target"),
        remap(&crate::cargo::home(workspace), "cargo"),
        "-Csymbol-mangling-version=v0".to_owned(),
    ];
    let crates = crate::cargo::vendored_crate_dirs(workspace)?;
    flags.extend(crates.iter().map(|folder| remap(folder, "crates")));
    Ok(flags)
}

impl CommandOutput for BuildFunctionOutput {
    fn to_text(&self) -> String {
        format!(
            "Function: {} ({}, {})\n  needed libraries {}\n  requires glibc {} (target {})\n  {}",
            display_path(&self.binary),
            format_bytes(self.bytes),
            self.architecture,
            self.needed.join(", "),
            self.required_glibc
                .map_or("of any version".to_owned(), |glibc| glibc.to_string()),
            self.target_glibc,
            describe_hardening(&self.hardening),
        )
    }
}

/// One line; the required properties have been checked before.
fn describe_hardening(hardening: &Hardening) -> String {
    let names = |names: Vec<&str>| match names.as_slice() {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    let fortified = hardening.fortified_functions.iter().map(String::as_str).collect();
    format!(
        "hardening: position-independent, full RELRO, non-executable stack, no text relocations, stack protector, \
         {} fortified functions ({}); control-flow properties: {}",
        hardening.fortified_functions.len(),
        names(fortified),
        names(hardening.gnu_properties.iter().copied().collect()),
    )
}
