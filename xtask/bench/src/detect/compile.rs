//! Compiles `data/detect/detect.cpp` against the SDK, with the SDK's compiler.

use std::path::PathBuf;

use anyhow::{Context, Result};
use fs_err as fs;
use support::fingerprint::Fingerprint;
use support::progress::ProgressStep;
use support::run::{Shell, cmd, run_logged};

use crate::context::BenchContext;

const FLAGS: [&str; 2] = ["-std=c++17", "-O2"];
const SOURCE: &str = include_str!("../../data/detect/detect.cpp");

pub fn compile(context: &BenchContext) -> Result<PathBuf> {
    let manifest = context.sdk.manifest();
    let fingerprint = Fingerprint::of([
        ("source", SOURCE.as_bytes()),
        ("flags", FLAGS.join(" ").as_bytes()),
        ("sdk", manifest.fingerprint.to_string().as_bytes()),
    ]);
    let name = format!("detect-{}", fingerprint.short());
    let folder = std::path::absolute(context.results_dir().join(name))?;
    let program = folder.join("detect");
    if program.is_file() {
        return Ok(program);
    }
    let _step = ProgressStep::start("compiling the detection program");
    fs::create_dir_all(&folder)?;
    let source = folder.join("detect.cpp");
    fs::write(&source, SOURCE)?;
    let libraries = manifest.link.libraries.iter().chain(&manifest.link.system);
    let partial = folder.join("partial");
    let libraries = libraries.map(|name| format!("-l{name}"));
    let (sh, sdk) = (Shell::new()?, context.sdk.path());
    let cxx = context.build.tools()?.cxx();
    let compile = cmd!(
        sh,
        "{cxx} {FLAGS...} {source} -I {sdk}/include/opencv4 -L {sdk}/lib {libraries...} -o {partial}"
    );
    run_logged(compile, &folder.join("log"), |_| ())
        .context("failed to compile the detection program against the SDK")?;
    fs::rename(&partial, &program)?;
    Ok(program)
}
