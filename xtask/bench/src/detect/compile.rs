//! Compiles the detection programs in `data/detect` against the SDK, with the SDK's compiler.

use std::path::PathBuf;

use anyhow::{Context, Result};
use fs_err as fs;
use support::fingerprint::Fingerprint;
use support::progress::ProgressStep;
use support::run::{Shell, cmd, run_logged};

use crate::context::BenchContext;

const FLAGS: [&str; 2] = ["-std=c++17", "-O2"];
const REQUESTS: &str = include_str!("../../data/detect/requests.hpp");

/// A program's name and source.
pub type Source = (&'static str, &'static str);

pub const CASCADES: Source = ("detect", include_str!("../../data/detect/detect.cpp"));
pub const YUNET: Source = ("yunet", include_str!("../../data/detect/yunet.cpp"));

/// Compiles a program, unless it was compiled before.
pub fn compile(context: &BenchContext, (name, source): Source) -> Result<PathBuf> {
    let manifest = context.sdk.manifest();
    let fingerprint = Fingerprint::of([
        ("source", source.as_bytes()),
        ("requests", REQUESTS.as_bytes()),
        ("flags", FLAGS.join(" ").as_bytes()),
        ("sdk", manifest.fingerprint.to_string().as_bytes()),
    ]);
    let folder = std::path::absolute(context.results_dir().join(format!("{name}-{}", fingerprint.short())))?;
    let program = folder.join(name);
    if program.is_file() {
        return Ok(program);
    }
    let _step = ProgressStep::start(format!("compiling the program `{name}`"));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("requests.hpp"), REQUESTS)?;
    let file = folder.join(format!("{name}.cpp"));
    fs::write(&file, source)?;
    let libraries = manifest.link.libraries.iter().chain(&manifest.link.system);
    let partial = folder.join("partial");
    let libraries = libraries.map(|name| format!("-l{name}"));
    let (sh, sdk) = (Shell::new()?, context.sdk.path());
    let cxx = context.build.tools()?.cxx();
    let compile = cmd!(
        sh,
        "{cxx} {FLAGS...} {file} -I {sdk}/include/opencv4 -L {sdk}/lib {libraries...} -o {partial}"
    );
    run_logged(compile, &folder.join("log"), |_| ())
        .with_context(|| format!("failed to compile the program `{name}` against the SDK"))?;
    fs::rename(&partial, &program)?;
    Ok(program)
}
