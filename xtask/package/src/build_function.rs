//! `cargo xtask build-function`: builds a function's program, linked against the SDK, and checks that Lambda can run
//! it.

mod cargo_command;
mod crate_prebuild;

use std::path::PathBuf;

use anyhow::Result;
use layer::elf::hardening::Hardening;
use opencv_build::{Architecture, GlibcVersion, Sdk, Target, find_cached};
use serde::Serialize;

use crate::build::{self, Arguments, Build};
use crate::function::Function;
use crate::function_package::FunctionPackage;
use cargo_command::Profile;
pub use cargo_command::{cargo_command, function_environment, link_record_dir};
use crate_prebuild::CratePrebuild;
use support::files::{file_name, file_size, remove_if_exists, sorted_entries};
use support::lock::Lock;
use support::output::{CommandOutput, display_path, format_bytes, print};
use support::progress::print_status;
use support::run::run_checked;

#[derive(Serialize)]
struct BuildFunctionOutput {
    package: String,
    binary: PathBuf,
    bytes: u64,
    architecture: Architecture,
    needed: Vec<String>,
    required_glibc: Option<GlibcVersion>,
    target_glibc: GlibcVersion,
    hardening: Hardening,
}

pub fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let builds = Build::read_all(arguments)?;
    print(&build::for_each(&builds, build_and_describe)?, json)
}

fn build_and_describe(build: &Build) -> Result<BuildFunctionOutput> {
    let (sdk, function) = build_function(build)?;
    let elf = function.binary.elf();
    Ok(BuildFunctionOutput {
        package: function.package.package.clone(),
        binary: function.path().to_owned(),
        bytes: file_size(function.path())?,
        architecture: function.architecture(),
        needed: elf.needed.clone(),
        required_glibc: elf.required_glibc.as_ref().map(|(glibc, _)| *glibc),
        target_glibc: sdk.manifest().target.glibc,
        hardening: elf.hardening.clone(),
    })
}

/// Builds the SDK and the function, and checks the program's target and hardening.
pub fn build_function(build: &Build) -> Result<(Sdk, Function)> {
    let (package, target) = (&build.package, build.recipe.target);
    let path = cargo_output(package, &target);
    // A missing standard library is reported before OpenCV is built.
    build.rust_toolchain()?;
    // If the program exists, its crates are already compiled.
    let first = !path.is_file() && find_cached(&build.recipe, &build.paths)?.is_none();
    let prebuild = first.then(|| CratePrebuild::start(build)).transpose()?;
    let sdk = build.build_sdk()?;
    if let Some(prebuild) = prebuild {
        prebuild.wait(build)?;
    }
    let mut cargo = cargo_command(build, &sdk, "build")?;
    cargo.args(["--bin", &package.binary]);
    // Another package's program can have the same path in cargo's output.
    let _lock = Lock::acquire(&package.workspace.target_dir().join("function/lock"), print_status)?;
    run_checked(&mut cargo)?;
    Ok((sdk, Function::keep(build, &path)?))
}

/// Builds the SDK and the function with the development profile. cargo's messages go to stderr. Returns the program,
/// which runs on this machine if it is of the recipe's architecture.
pub fn build_for_development(build: &Build) -> Result<PathBuf> {
    let sdk = build.build_sdk()?;
    let mut cargo = cargo_command::development_command(build, &sdk, "build")?;
    cargo.args(["--bin", &build.package.binary]);
    run_checked(&mut cargo)?;
    Ok(profile_dir(&build.package, &build.recipe.target, Profile::Development).join(&build.package.binary))
}

/// The program where cargo writes it.
pub fn cargo_output(package: &FunctionPackage, target: &Target) -> PathBuf {
    profile_dir(package, target, Profile::Lambda).join(&package.binary)
}

fn profile_dir(package: &FunctionPackage, target: &Target, profile: Profile) -> PathBuf {
    let target_dir = package.workspace.target_dir().join(target.rust_triple());
    target_dir.join(profile.folder())
}

/// Makes the next build link the function again, even if nothing has changed.
pub fn force_relink(package: &FunctionPackage, target: &Target) -> Result<()> {
    let folder = profile_dir(package, target, Profile::Lambda).join("deps");
    let prefix = format!("{}-", cargo_command::crate_name(&package.binary));
    for path in sorted_entries(&folder)? {
        if file_name(&path).starts_with(&prefix) && path.extension().is_none() {
            remove_if_exists(&path)?;
        }
    }
    Ok(())
}

impl CommandOutput for BuildFunctionOutput {
    fn to_text(&self) -> String {
        format!(
            "Function {}: {} ({}, {})\n  needed libraries {}\n  requires glibc {} (target {})\n  {}",
            self.package,
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
