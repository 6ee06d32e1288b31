//! Builds the fuzz targets: OpenCV with sanitizers and coverage counters, and the crate `fuzz` linked with it and with
//! the Rust toolchain's runtime of the sanitizers.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use opencv_build::internals::sanitizer_flags;
use opencv_build::{Recipe, Sdk, Tools, build as build_opencv};
use support::files::{file_name, sorted_entries};
use support::run::{Shell, cmd, output};

use super::sanitizer_checks;
use conformance::skip::Skip;
use package::build::Build;
use package::workspace::Workspace;
use support::run::run_checked;

/// rustc's flags for libFuzzer's coverage and for AddressSanitizer: those of cargo-fuzz, except that the runtime is
/// linked explicitly, because zig's linker does not accept rustc's arguments for it.
const FLAGS: [&str; 11] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "-Cforce-frame-pointers=yes",
    "-Zsanitizer=address",
    "-Zexternal-clangrt",
    "-Clink-arg=-Wl,--whole-archive",
];

pub fn crate_dir(workspace: &Workspace) -> PathBuf {
    workspace.root().join("fuzz")
}

pub struct FuzzBuild {
    /// The folder of the programs.
    pub programs: PathBuf,
    /// The instrumented OpenCV.
    pub sdk: Sdk,
    pub tools: Tools,
    /// The library of the sanitizers' runtime, which the SDK's libraries need.
    pub runtime: PathBuf,
}

/// # Errors
/// A [`Skip`] if this machine cannot run programs for the target, or the Rust toolchain has no AddressSanitizer.
pub fn build_programs(build: &Build) -> Result<FuzzBuild> {
    let workspace = &build.workspace;
    let mut recipe = Recipe {
        instrumented: true,
        ..build.recipe.clone()
    };
    // The function decodes all other formats in Rust.
    recipe.codecs.retain(|codec| codec == "jpeg");
    let target = recipe.target;
    conformance::skip_unless_runnable(&target)?;
    let triple = target.rust_triple();
    let runtime = runtime(triple)?;
    let paths = build.paths.variant("fuzz", "instrumented");
    let sdk = build_opencv(&recipe, &paths, &build.launcher)
        .context("failed to build OpenCV for fuzzers")?
        .sdk;
    let tools = Tools::install(&recipe, &paths)?;

    let mut flags = FLAGS.map(str::to_owned).to_vec();
    flags.push(format!("-Clink-arg={}", runtime.display()));
    flags.push("-Clink-arg=-Wl,--no-whole-archive".to_owned());
    let mut native = sanitizer_flags(&paths.work_dir(&target))?;
    let engine = crate_dir(workspace).join("engine.txt");
    for list in ["-fsanitize-ignorelist", "-fsanitize-coverage-ignorelist"] {
        native.push(format!("{list}={}", engine.display()));
    }
    let native = native.join(" ");
    let folder = work_dir(workspace);
    let mut cargo = support::cargo::cargo();
    cargo
        .current_dir(crate_dir(workspace))
        // With an explicit target, the flags do not apply to build scripts.
        .args(["build", "--release", "--locked", "--target", triple])
        .env("CARGO_TARGET_DIR", &folder)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        // A stable toolchain contains the sanitizers too, but accepts -Z flags only with this variable.
        .env("RUSTC_BOOTSTRAP", "1")
        .envs(sdk.environment())
        .envs(tools.environment()?);
    for name in ["CFLAGS", "CXXFLAGS"] {
        cargo.env(format!("{name}_{}", triple.replace('-', "_")), &native);
    }
    run_checked(&mut cargo)?;
    let programs = folder.join(triple).join("release");
    let libraries = sdk.manifest().libraries.iter();
    let libraries = libraries.map(|library| sdk.path().join("lib").join(&library.file));
    // Nothing calls these, so the programs do not contain them.
    let unused = ["libopencv_imgcodecs.a", "libzlib.a"];
    let libraries = libraries.filter(|path| !unused.iter().any(|name| path.ends_with(name)));
    for library in libraries.chain(own_libraries(&programs)) {
        sanitizer_checks::check(&library)?;
    }
    Ok(FuzzBuild {
        programs,
        sdk,
        tools,
        runtime,
    })
}

/// The libraries that the function's build script compiled.
fn own_libraries(programs: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = |folder: &Path| sorted_entries(folder).unwrap_or_default().into_iter();
    let functions = entries(&programs.join("build")).filter(|path| file_name(path).starts_with("function-"));
    let files = functions.flat_map(move |path| entries(&path.join("out")));
    // Its other libraries contain stubs of functions that are never called.
    files.filter(|path| {
        let name = file_name(path);
        name.starts_with("libface_detect") && name.ends_with(".a")
    })
}

/// The folder of everything about fuzzing except the SDK.
pub fn work_dir(workspace: &Workspace) -> PathBuf {
    workspace.target_dir().join("fuzz")
}

/// The Rust toolchain's library of the AddressSanitizer runtime.
fn runtime(triple: &str) -> Result<PathBuf> {
    let (sh, rustc) = (Shell::new()?, env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let folder = output(cmd!(sh, "{rustc} --print target-libdir --target {triple}"))?;
    let files = sorted_entries(Path::new(&folder)).unwrap_or_default();
    let mut files = files.into_iter();
    let found = files.find(|path| path.to_string_lossy().ends_with("_rt.asan.a"));
    found.ok_or_else(|| {
        Skip::with_reason(format!(
            "this Rust toolchain has no AddressSanitizer for {triple}; rustup's toolchains have it"
        ))
    })
}
