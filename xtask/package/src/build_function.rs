//! `cargo xtask build-function`: the function's binary, linked against the SDK and found to run
//! on Lambda.

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
use support::progress::Step;
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

/// The SDK and the checked binary, for verbs that need them.
pub fn build_binary(build: &Build) -> Result<(Sdk, FunctionBinary)> {
    let target = build.recipe.target;
    let path = profile_dir(&build.workspace, &target).join("bootstrap");
    // Where there is a function, its crates are compiled already.
    let first = !path.is_file() && find_cached(&build.recipe, &build.paths)?.is_none();
    let prebuild = first.then(|| CratePrebuild::start(build)).transpose()?;
    let sdk = build.build_sdk()?;
    if let Some(prebuild) = prebuild {
        prebuild.wait(build)?;
    }
    let mut cargo = cargo_command(build, &sdk, "build")?;
    run_checked(&mut cargo)?;
    let binary =
        FunctionBinary::check(&path, target.architecture, target.glibc)?.require_hardened()?;
    Ok((sdk, binary))
}

/// The compilation of what needs no SDK, while OpenCV is built: the very build of the function, which goes on after what
/// fails for lack of an SDK. The real one finds the rest done.
struct CratePrebuild {
    cargo: Child,
    log: PathBuf,
}

impl CratePrebuild {
    /// OpenCV's stages leave a processor idle for minutes; this yields to them.
    fn start(build: &Build) -> Result<Self> {
        let mut cargo = cargo_command_without_sdk(build, "build")?;
        cargo.arg("--keep-going");
        // The crate `opencv` must not find an OpenCV of this machine.
        let probes = "environment,pkg_config,cmake,vcpkg_cmake,vcpkg";
        cargo.env("OPENCV_DISABLE_PROBES", probes);
        lower_priority(&mut cargo);
        let work = build.paths.work_dir(&build.recipe.target);
        let log = work.join("function.log");
        let cargo = Child::start_logged(&mut cargo, &log)?;
        Ok(Self { cargo, log })
    }

    /// Waits for its end. Whether it succeeded does not count: it was not to do all that there is. Nor does a failure to
    /// show how far it is.
    fn wait(self, build: &Build) -> Result<()> {
        let compiled = || {
            let log = fs::read(&self.log).unwrap_or_default();
            String::from_utf8_lossy(&log).matches(" Compiling ").count() as u64
        };
        let mut step = Step::start("compiling the function's crates");
        let before = compiled();
        let all = crate_count(build).unwrap_or_default();
        while self.cargo.try_wait()?.is_none() {
            let now = compiled();
            step.advance(
                now.saturating_sub(before),
                all.max(now).saturating_sub(before),
            );
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

/// cargo for `verb` on the function, as it goes to Lambda, in an environment in which it is linked against `sdk`.
pub fn cargo_command(build: &Build, sdk: &Sdk, verb: &str) -> Result<Command> {
    let mut cargo = cargo_command_without_sdk(build, verb)?;
    cargo.envs(sdk.environment());
    Ok(cargo)
}

/// The same without an SDK: whatever does not need one is compiled as it would be with it.
fn cargo_command_without_sdk(build: &Build, verb: &str) -> Result<Command> {
    let (workspace, tools) = (&build.workspace, build.tools()?);
    let target = build.recipe.target;
    let record = link_record_dir(workspace, &target);
    let mut cargo = crate::cargo::cargo(workspace, verb)?;
    // cargo's home, in which they find the folders of crates, is written with the command.
    let flags = rust_flags(workspace)?.join("\u{1f}");
    cargo
        .args(["--package", "function", "--features", "opencv"])
        .args(["--profile", "lambda", "--target"])
        .arg(target.rust_triple())
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .envs(tools.environment()?)
        // This linker takes the place of the one in the tools' environment.
        .envs(tools.link_record_environment(&record)?);
    Ok(cargo)
}

fn profile_dir(workspace: &Workspace, target: &Target) -> PathBuf {
    workspace
        .target_dir()
        .join(target.rust_triple())
        .join("lambda")
}

/// Makes cargo link the function anew the next time, though nothing has changed.
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

/// Flags that take this machine's folders out of the binary, where messages of panics name source
/// files, and have the names of functions tell which crate's types they are for.
fn rust_flags(workspace: &Workspace) -> Result<Vec<String>> {
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let mut flags = vec![
        remap(workspace.root(), "project"),
        // The last that fits counts.
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
            "The function: {} ({}, {})\n  needs {}\n  needs glibc {}, may need {}\n  {}",
            display_path(&self.binary),
            format_bytes(self.bytes),
            self.architecture,
            self.needed.join(", "),
            self.required_glibc
                .map_or("of any release".to_owned(), |glibc| glibc.to_string()),
            self.target_glibc,
            describe_hardening(&self.hardening),
        )
    }
}

/// What there is of it, in a line; what must be there was checked.
fn describe_hardening(hardening: &Hardening) -> String {
    let names = |names: Vec<&str>| match names.as_slice() {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    let fortified = hardening
        .fortified_functions
        .iter()
        .map(String::as_str)
        .collect();
    format!(
        "hardened: position-independent, full RELRO, stack without code, no relocations in code, stack protector, \
         {} fortified functions ({}); control-flow notes: {}",
        hardening.fortified_functions.len(),
        names(fortified),
        names(hardening.gnu_properties.iter().copied().collect()),
    )
}
