//! A minute of fuzzing for each reader of the crate `layer`: none may panic, hang or take memory
//! without bounds, whatever it is fed with. The fuzzers are `layer/fuzz`; what is found is kept.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::available_parallelism;

use anyhow::{Context, Result, bail, ensure};
use layer::{Content, FileTree, ImageConfig, LayoutWriter, Mode, zip::Zip};
use opencv_build::progress::tell;
use opencv_build::run::show;
use toml::Table;

use super::report::Skip;
use crate::workspace::{THIS_PROGRAM, Workspace};

/// How long each fuzzer runs, in seconds.
const SECONDS: u32 = 60;

/// What rustc must be told for libFuzzer to see which code an input reaches. These are the flags of
/// the crate cargo-fuzz without a sanitizer, which would need a nightly compiler.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// Builds the fuzzers and runs them.
pub fn test(workspace: &Workspace) -> Result<()> {
    let found = Command::new("c++").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        let reason = "no C++ compiler, which libFuzzer is built with; install g++ or clang";
        return Err(Skip::because(reason.to_owned()));
    }
    let package = workspace.root().join("layer/fuzz");
    let folder = workspace.target().join("fuzz");
    // Naming the target keeps the flags away from build scripts.
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(&package)
        .args(["build", "--release", "--locked", "--target", &triple])
        .env("CARGO_TARGET_DIR", &folder)
        .env("RUSTFLAGS", COVERAGE)
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    crate::build_function::succeed(&mut cargo)?;
    let seeds = folder.join("seeds");
    let _ = fs::remove_dir_all(&seeds);
    write_seeds(&seeds)?;
    let names = targets(&package)?;
    let at_once = available_parallelism().map_or(1, usize::from);
    for names in names.chunks(at_once) {
        let running: Vec<_> = names
            .iter()
            .map(|name| Fuzzer::start(name, &folder, &folder.join(&triple).join("release")))
            .collect::<Result<_>>()?;
        for fuzzer in running {
            fuzzer.finish()?;
        }
    }
    Ok(())
}

/// Whether the fuzzers' lock file knows what the crate `layer` needs now: they are built rarely, and
/// nothing else would tell.
pub fn check_lock(workspace: &Workspace) -> Result<()> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(workspace.root().join("layer/fuzz"))
        .args(["update", "--workspace", "--locked", "--quiet"]);
    crate::build_function::succeed(&mut cargo)
        .context("`layer/fuzz/Cargo.lock` is old; run `cargo update --workspace` in that folder")
}

/// The names of the fuzzers.
fn targets(package: &Path) -> Result<Vec<String>> {
    let path = package.join("Cargo.toml");
    let text = fs::read_to_string(&path)
        .with_context(|| format!("failed to read `{}`", path.display()))?;
    let manifest: Table = text.parse()?;
    let programs = manifest.get("bin").and_then(|bin| bin.as_array());
    let names = programs.into_iter().flatten();
    let names = names.filter_map(|program| program.get("name")?.as_str());
    let names: Vec<_> = names.map(str::to_owned).collect();
    ensure!(!names.is_empty(), "`{}` has no programs", path.display());
    Ok(names)
}

/// A fuzzer that runs.
struct Fuzzer {
    name: String,
    child: Child,
    log: PathBuf,
    crashes: PathBuf,
    shown: String,
}

impl Fuzzer {
    fn start(name: &str, folder: &Path, programs: &Path) -> Result<Self> {
        let corpus = folder.join("corpus").join(name);
        let crashes = folder.join("crashes").join(name);
        let seeds = folder.join("seeds").join(name);
        for folder in [&corpus, &crashes, &seeds] {
            fs::create_dir_all(folder)
                .with_context(|| format!("failed to create `{}`", folder.display()))?;
        }
        let log = folder.join(format!("{name}.log"));
        let output =
            File::create(&log).with_context(|| format!("failed to write `{}`", log.display()))?;
        let mut fuzzer = Command::new(programs.join(name));
        fuzzer
            .args([&corpus, &seeds])
            .arg(format!("-artifact_prefix={}/", crashes.display()))
            .arg(format!("-max_total_time={SECONDS}"))
            // Bounds on one input: memory in MB, seconds, and its size in bytes.
            .args(["-rss_limit_mb=512", "-timeout=10", "-max_len=65536"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output);
        tell(&format!("fuzzing {name} for {SECONDS} s"));
        let shown = show(&fuzzer);
        let child = fuzzer.spawn();
        Ok(Self {
            name: name.to_owned(),
            child: child.with_context(|| format!("failed to start `{shown}`"))?,
            log,
            crashes,
            shown,
        })
    }

    fn finish(mut self) -> Result<()> {
        let status = self.child.wait()?;
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        if !status.success() {
            let end: Vec<_> = log.lines().rev().take(20).collect();
            let end: Vec<_> = end.into_iter().rev().collect();
            bail!(
                "the fuzzer {} found something, which is kept in `{}` (`{}` with that file tries it \
                 again):\n  | {}",
                self.name,
                self.crashes.display(),
                self.shown,
                end.join("\n  | ")
            );
        }
        let done = log.lines().rev().find(|line| line.starts_with("Done "));
        tell(&format!("{}: {}", self.name, done.unwrap_or("no runs")));
        ensure!(done.is_some(), "the fuzzer {} did not run", self.name);
        Ok(())
    }
}

/// A small good file for each fuzzer to start from.
fn write_seeds(folder: &Path) -> Result<()> {
    let place = |name: &str| -> Result<PathBuf> {
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder.join("seed"))
    };
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let mut tree = FileTree::new();
    let script = Content::bytes("a seed", b"#!/bin/sh\n");
    tree.add("bootstrap", script.clone(), Mode::Program)?;
    Zip::write(&tree, 0, &place("zip")?)?;
    tree.add("a/b/c", script, Mode::Data)?;
    let mut writer = LayoutWriter::new(scratch.path(), 0)?;
    writer.add_layer(&tree, "a seed")?;
    let mut config = ImageConfig::new("seed", "x86_64");
    config.entrypoint = vec!["/bootstrap".to_owned()];
    let layout = writer.finish(&config, &scratch.path().join("layout"))?;
    layout.write_archive(&place("archive")?, "seed:latest")?;
    let layer = layout.blob(&layout.image().layers()[0].digest);
    fs::copy(&layer, place("gzip")?)?;
    let mut unpacked = flate2::read::GzDecoder::new(File::open(&layer)?);
    std::io::copy(&mut unpacked, &mut File::create(place("tar")?)?)?;
    let documents = [layout.image().manifest(), layout.image().config()].join(&0);
    fs::write(place("documents")?, documents)?;
    // Any program: only its beginning is small enough to be a seed.
    let mut program = fs::read(THIS_PROGRAM)?;
    program.truncate(32 * 1024);
    fs::write(place("elf")?, program)?;
    Ok(())
}
