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
use opencv_build::{Architecture, GlibcVersion, Sdk, Target, present};
use serde::Serialize;

use crate::build::{Arguments, Build};
use crate::workspace::Workspace;
use support::answer::{Answer, path, print, size};
use support::child::Child;
use support::files::{file_size, name, remove_if_there, sorted_entries};
use support::process::yield_to_others;
use support::progress::Step;
use support::run::{output, succeed};

#[derive(Serialize)]
struct FunctionAnswer {
    binary: PathBuf,
    bytes: u64,
    architecture: Architecture,
    needed: Vec<String>,
    glibc: Option<GlibcVersion>,
    floor: GlibcVersion,
    hardening: Hardening,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let (sdk, binary) = built(&Build::read(arguments)?)?;
    let elf = binary.elf();
    let answer = FunctionAnswer {
        binary: binary.path().to_owned(),
        bytes: file_size(binary.path())?,
        architecture: binary.architecture(),
        needed: elf.needed.clone(),
        glibc: elf.needs_glibc.as_ref().map(|(glibc, _)| *glibc),
        floor: sdk.manifest().target.glibc,
        hardening: elf.hardening.clone(),
    };
    print(&answer, json)
}

/// The SDK and the checked binary, for verbs that need them.
pub fn built(build: &Build) -> Result<(Sdk, FunctionBinary)> {
    let target = build.recipe.target;
    let path = folder(&build.workspace, &target).join("bootstrap");
    // Where there is a function, its crates are compiled already.
    let first = !path.is_file() && present(&build.recipe, &build.paths)?.is_none();
    let ahead = first.then(|| Ahead::start(build)).transpose()?;
    let sdk = build.sdk()?;
    if let Some(ahead) = ahead {
        ahead.wait(build)?;
    }
    let mut cargo = cargo(build, &sdk, "build")?;
    succeed(&mut cargo)?;
    let binary = FunctionBinary::check(&path, target.architecture, target.glibc)?.hardened()?;
    Ok((sdk, binary))
}

/// The compilation of what needs no SDK, while OpenCV is built: the very build of the function, which goes on after what
/// fails for lack of an SDK. The real one finds the rest done.
struct Ahead {
    cargo: Child,
    log: PathBuf,
}

impl Ahead {
    /// OpenCV's stages leave a processor idle for minutes; this yields to them.
    fn start(build: &Build) -> Result<Self> {
        let mut cargo = cargo_without_sdk(build, "build")?;
        cargo.arg("--keep-going");
        // The crate `opencv` must not find an OpenCV of this machine.
        let probes = "environment,pkg_config,cmake,vcpkg_cmake,vcpkg";
        cargo.env("OPENCV_DISABLE_PROBES", probes);
        yield_to_others(&mut cargo);
        let work = build.paths.work(&build.recipe.target);
        let log = work.join("function.log");
        let cargo = Child::logged(&mut cargo, &log)?;
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
        let all = number_of_crates(build).unwrap_or_default();
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

fn number_of_crates(build: &Build) -> Result<u64> {
    let mut tree = crate::cargo::cargo(&build.workspace, "tree")?;
    tree.args(["--package", "function", "--features", "opencv"])
        .args(["--target", &build.recipe.target.rust_triple()])
        .args(["--edges", "normal,build", "--prefix", "none", "--no-dedupe"])
        .args(["--format", "{p}"]);
    let crates = output(&mut tree)?;
    Ok(crates.lines().collect::<BTreeSet<_>>().len() as u64)
}

/// cargo for `verb` on the function, as it goes to Lambda, in an environment in which it is linked against `sdk`.
pub fn cargo(build: &Build, sdk: &Sdk, verb: &str) -> Result<Command> {
    let mut cargo = cargo_without_sdk(build, verb)?;
    cargo.envs(sdk.environment());
    Ok(cargo)
}

/// The same without an SDK: whatever does not need one is compiled as it would be with it.
fn cargo_without_sdk(build: &Build, verb: &str) -> Result<Command> {
    let (workspace, tools) = (&build.workspace, build.tools()?);
    let target = build.recipe.target;
    let record = link_record(workspace, &target);
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
        .envs(tools.link_recorder(&record)?);
    Ok(cargo)
}

fn folder(workspace: &Workspace, target: &Target) -> PathBuf {
    workspace.target().join(target.rust_triple()).join("lambda")
}

/// Makes cargo link the function anew the next time, though nothing has changed.
pub fn forget(workspace: &Workspace, target: &Target) -> Result<()> {
    let folder = folder(workspace, target).join("deps");
    for path in sorted_entries(&folder)? {
        if name(&path).starts_with("bootstrap-") && path.extension().is_none() {
            remove_if_there(&path)?;
        }
    }
    Ok(())
}

pub fn link_record(workspace: &Workspace, target: &Target) -> PathBuf {
    let sizes = workspace.target().join("size");
    sizes.join(target.key()).join("link")
}

/// Flags that take this machine's folders out of the binary, where messages of panics name source
/// files, and have the names of functions tell which crate's types they are for.
fn rust_flags(workspace: &Workspace) -> Result<Vec<String>> {
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let mut flags = vec![
        remap(workspace.root(), "project"),
        // The last that fits counts.
        remap(&workspace.target(), "target"),
        remap(&crate::cargo::home(workspace), "cargo"),
        "-Csymbol-mangling-version=v0".to_owned(),
    ];
    let crates = crate::cargo::folders_of_crates(workspace)?;
    flags.extend(crates.iter().map(|folder| remap(folder, "crates")));
    Ok(flags)
}

impl Answer for FunctionAnswer {
    fn text(&self) -> String {
        format!(
            "The function: {} ({}, {})\n  needs {}\n  needs glibc {}, may need {}\n  {}",
            path(&self.binary),
            size(self.bytes),
            self.architecture,
            self.needed.join(", "),
            self.glibc
                .map_or("of any release".to_owned(), |glibc| glibc.to_string()),
            self.floor,
            hardened(&self.hardening),
        )
    }
}

/// What there is of it, in a line; what must be there was checked.
fn hardened(hardening: &Hardening) -> String {
    let names = |names: Vec<&str>| match names.as_slice() {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    let fortified = hardening.fortified.iter().map(String::as_str).collect();
    format!(
        "hardened: position-independent, full RELRO, stack without code, no relocations in code, stack protector, \
         {} fortified functions ({}); control-flow notes: {}",
        hardening.fortified.len(),
        names(fortified),
        names(hardening.announced.iter().copied().collect()),
    )
}
