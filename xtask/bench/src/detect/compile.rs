//! Compiles `data/bench/detect/detect.cpp` against the SDK, with the compiler that the SDK was made by.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use opencv_build::build::tools;
use support::fingerprint::Fingerprint;
use support::progress::Step;
use support::run::run_logged;

use crate::setting::Setting;
use package::build_opencv;

/// How it is compiled.
const FLAGS: [&str; 2] = ["-std=c++17", "-O2"];
const SOURCE: &str = include_str!("../../data/detect/detect.cpp");

/// The program, compiled unless it is there.
pub fn compiled(setting: &Setting) -> Result<PathBuf> {
    let manifest = setting.sdk.manifest();
    let fingerprint = Fingerprint::of([
        ("source", SOURCE.as_bytes()),
        ("flags", FLAGS.join(" ").as_bytes()),
        ("sdk", manifest.fingerprint.to_string().as_bytes()),
    ]);
    let folder = setting
        .folder()
        .join(format!("detect-{}", fingerprint.short()));
    let folder = std::path::absolute(folder)?;
    let program = folder.join("detect");
    if program.is_file() {
        return Ok(program);
    }
    let _step = Step::start("compiling the detecting program");
    fs::create_dir_all(&folder)
        .with_context(|| format!("failed to create `{}`", folder.display()))?;
    let source = folder.join("detect.cpp");
    fs::write(&source, SOURCE)
        .with_context(|| format!("failed to write `{}`", source.display()))?;
    let recipe = build_opencv::recipe(&setting.workspace, &build_opencv::Arguments::default())?;
    let (_, compiler) = tools(&recipe, &setting.workspace.places()?)?;
    let libraries = manifest.link.libraries.iter().chain(&manifest.link.system);
    let partial = folder.join("partial");
    let mut compile = Command::new(compiler.cxx());
    compile
        .args(FLAGS)
        .arg(&source)
        .arg("-I")
        .arg(setting.sdk.path().join("include/opencv4"))
        .arg("-L")
        .arg(setting.sdk.path().join("lib"))
        .args(libraries.map(|name| format!("-l{name}")))
        .arg("-o")
        .arg(&partial);
    run_logged(&mut compile, &folder.join("log"), |_| ())
        .context("failed to compile the detecting program against the SDK")?;
    fs::rename(&partial, &program)
        .with_context(|| format!("failed to create `{}`", program.display()))?;
    Ok(program)
}
