//! Compiles a detector's own files, which need no OpenCV, by the machine's compiler with its sanitizers: address and
//! undefined behaviour at each SIMD level of the SDK, and threads at the lowest.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use support::progress::{ProgressStep, print_status};
use support::run::{Shell, cmd, output};

use crate::Fixture;
use crate::programs::{Programs, run_all};
use crate::skip::Skip;

/// The folder of the detectors' source files.
const DETECTORS_DIR: &str = "opencv-build/overlay/modules/objdetect/src";

const SIMD_LEVELS: &str = include_str!("../data/simd_levels.toml");

/// `undefined` does not include float-cast-overflow.
const ADDRESS_AND_UNDEFINED: &str = "address,undefined,float-cast-overflow";
const THREAD: &str = "thread";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SimdLevels {
    level: Vec<SimdLevel>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SimdLevel {
    name: String,
    compiler_flags: Vec<String>,
    cpu_flags: Vec<String>,
}

/// A SIMD level and the sanitizers.
pub struct Variant {
    level: SimdLevel,
    sanitizers: &'static str,
}

impl Variant {
    /// `cases`, or `with_threads` for ThreadSanitizer, which is slower.
    pub fn cases(&self, cases: u64, with_threads: u64) -> u64 {
        if self.sanitizers == THREAD { with_threads } else { cases }
    }

    pub fn describe(&self) -> String {
        format!("{} with {}", self.level.name, self.sanitizers)
    }

    fn file_name(&self) -> String {
        format!("{}-{}", self.level.name, self.sanitizers.replace(',', "-"))
    }
}

/// What is compiled into one program.
pub struct Core<'a> {
    /// The folder of the detector and of its tests in `data/`.
    pub detector: &'a str,
    /// The test program in `data/DETECTOR`, without `.cpp`.
    pub program: &'a str,
    /// Files of the detector, relative to its folder.
    pub sources: &'a [PathBuf],
}

/// A compiler of this machine that links programs with the sanitizers, and the variants to compile.
pub struct SanitizerBuild<'a> {
    fixture: &'a Fixture<'a>,
    programs: &'a Programs<'a>,
    compiler: &'static str,
    variants: Vec<Variant>,
}

impl<'a> SanitizerBuild<'a> {
    /// # Errors
    /// A [`Skip`] if no compiler has sanitizers, or the detectors' source files are not in the project's folder.
    pub fn new(fixture: &'a Fixture, programs: &'a Programs<'a>) -> Result<Self> {
        Skip::unless(fixture.project_dir.join(DETECTORS_DIR).is_dir(), || {
            format!("`{DETECTORS_DIR}` does not exist")
        })?;
        Ok(Self {
            fixture,
            programs,
            compiler: find_compiler()?,
            variants: variants(fixture)?,
        })
    }

    /// The folder of a detector's source files.
    pub fn detector_dir(fixture: &Fixture, name: &str) -> PathBuf {
        fixture.project_dir.join(DETECTORS_DIR).join(name)
    }

    /// Compiles the program in all variants; returns those that this processor can run, and names the others.
    pub fn compile(&self, core: &Core) -> Result<Vec<(&Variant, PathBuf)>> {
        let what = format!("compiling `{}` with {}'s sanitizers", core.program, self.compiler);
        let step = ProgressStep::start(what);
        let commands = self.variants.iter().map(|variant| self.command(core, variant));
        run_all(commands.collect::<Result<_>>()?)?;
        drop(step);
        let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor: Vec<_> = processor.split_whitespace().collect();
        let is_missing = |flag: &&String| !processor.contains(&flag.as_str());
        let mut runnable = Vec::new();
        for variant in &self.variants {
            if let Some(missing) = variant.level.cpu_flags.iter().find(is_missing) {
                let how = variant.describe();
                print_status(&format!(
                    "{how}: compiled but not run, because this processor has no {missing}"
                ));
                continue;
            }
            runnable.push((variant, self.program(core, variant)));
        }
        ensure!(
            !runnable.is_empty(),
            "this processor supports none of the SDK's SIMD levels"
        );
        Ok(runnable)
    }

    /// Compiles the program at the lowest SIMD level, for code without SIMD.
    pub fn compile_lowest(&self, core: &Core) -> Result<PathBuf> {
        let lowest = self.variants.first().context("no SIMD level to compile")?;
        run_all(vec![self.command(core, lowest)?])?;
        Ok(self.program(core, lowest))
    }

    fn program(&self, core: &Core, variant: &Variant) -> PathBuf {
        let name = format!("{}-{}-{}", core.detector, core.program, variant.file_name());
        self.programs.dir().join(name)
    }

    fn command(&self, core: &Core, variant: &Variant) -> Result<Command> {
        let Core {
            detector: name,
            program,
            sources,
        } = core;
        let detector = Self::detector_dir(self.fixture, name);
        let sources = sources.iter().map(|source| detector.join(source));
        let (data, sdk, compiler) = (self.fixture.data_dir(), self.fixture.sdk.path(), self.compiler);
        let stubs = data.join("shared/stubs");
        let (sanitizers, flags) = (variant.sanitizers, &variant.level.compiler_flags);
        let (sh, output) = (Shell::new()?, self.program(core, variant));
        // As in OpenCV's build, the compiler does not contract a * b + c: a fused multiply-add rounds once instead of
        // twice.
        let command = cmd!(
            sh,
            "{compiler} -std=c++17 -O1 -g -fno-omit-frame-pointer -pthread -ffp-contract=off
             -fsanitize={sanitizers} -fno-sanitize-recover=all
             -D__OPENCV_BUILD -DCV_ENABLE_INTRINSICS -DOPENCV_HAAR_DETECTOR {flags...}
             -I {detector} -I {stubs} -I {stubs}/{name} -I {data}/shared -I {sdk}/include/opencv4
             {data}/{name}/{program}.cpp {sources...} -o {output}"
        );
        Ok(command.into())
    }
}

/// Parses the last line of a test program's output.
pub fn parse_tally<Tally: DeserializeOwned>(output: &str) -> Result<Tally> {
    let line = output.lines().last().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("failed to parse the program's output `{output}`"))
}

/// The SDK's levels with the address and undefined behaviour sanitizers, and the lowest one with ThreadSanitizer.
fn variants(fixture: &Fixture) -> Result<Vec<Variant>> {
    let known: SimdLevels = toml::from_str(SIMD_LEVELS).context("failed to parse data/simd_levels.toml")?;
    let cpu = &fixture.sdk.manifest().cpu;
    let mut variants = Vec::new();
    for name in cpu.baseline.iter().chain(&cpu.dispatch) {
        let level = known.level.iter().find(|level| level.name == *name);
        let level = level
            .with_context(|| format!("opencv-build/conformance/data/simd_levels.toml has no level {name}; add it"))?;
        variants.push(Variant {
            level: level.clone(),
            sanitizers: ADDRESS_AND_UNDEFINED,
        });
    }
    let lowest = variants.first().context("the SDK's manifest has no CPU baseline")?;
    variants.push(Variant {
        level: lowest.level.clone(),
        sanitizers: THREAD,
    });
    Ok(variants)
}

/// A compiler of this machine that links programs with the sanitizers.
fn find_compiler() -> Result<&'static str> {
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let at = |name: &str| scratch.path().join(name);
    let (source, program) = (at("empty.cpp"), at("empty"));
    fs::write(&source, "int main() { return 0; }\n")?;
    let sh = Shell::new()?;
    let links = |compiler: &str, sanitizers: &str| links(&sh, compiler, sanitizers, [&source, &program]);
    let found = ["g++", "clang++"]
        .into_iter()
        .find(|compiler| links(compiler, ADDRESS_AND_UNDEFINED) && links(compiler, THREAD));
    found.ok_or_else(|| Skip::with_reason("no compiler with sanitizers is installed; install g++".to_owned()))
}

fn links(sh: &Shell, compiler: &str, sanitizers: &str, [source, program]: [&Path; 2]) -> bool {
    output(cmd!(sh, "{compiler} -fsanitize={sanitizers} {source} -o {program}")).is_ok()
}
