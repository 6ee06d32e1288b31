//! JPEG files of every kind, read and written by the SDK and by the Python wheel of OpenCV 4.5.5: the same pixels and the
//! same files, with all kernels that this machine has and with none. What writes the files, what reads them, and what
//! compares are programs in `data/jpeg`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::{Architecture, Sdk, Tools};
use support::files::{remove_if_there, sorted_entries};
use support::progress::tell;

use super::report::Skip;
use crate::reference::{self, Reference};
use package::build::Build;
use package::workspace::Workspace;
use support::run::{Shell, cmd, output};

/// Variables that turn kernels of libjpeg-turbo's off, by architecture.
const X86: [&str; 3] = ["", "JSIMD_FORCESSE2", "JSIMD_FORCENONE"];
const ARM: [&str; 2] = ["", "JSIMD_FORCENONE"];

/// One of the files that `kinds.c` writes.
const PLAIN: &str = "420-baseline-64x48-q95.jpg";

/// Compares them.
pub fn test(build: &Build, sdk: &Sdk) -> Result<()> {
    let workspace = build.workspace();
    let target = sdk.manifest().target;
    Skip::unless_runs_here(&target)?;
    let wheel = wheel(workspace)?;
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let at = |name: &str| scratch.path().join(name);
    let tools = build.tools()?;
    let data = workspace.root().join("xtask/e2e/data/jpeg");

    let (whole, missing) = (at("whole"), at("missing"));
    for folder in [&whole, &missing] {
        fs::create_dir(folder)?;
    }
    let kinds = at("kinds");
    compile_kinds(sdk, tools, &data.join("kinds.c"), &kinds)?;
    let sh = Shell::new()?;
    output(cmd!(sh, "{kinds} {whole} {missing}"))?;
    add_others(sdk, &whole)?;

    let pixels = at("pixels");
    compile(sdk, tools, &data.join("pixels.cpp"), &pixels)?;
    let variables: &[&str] = match target.architecture {
        Architecture::X86_64 => &X86,
        Architecture::Aarch64 => &ARM,
    };
    let mut before = None;
    for variable in variables {
        let how = if variable.is_empty() {
            "all kernels"
        } else {
            variable
        };
        read(&pixels, &whole, variable)?;
        let (python, script) = (&wheel.python, data.join("wheel.py"));
        let compare = cmd!(sh, "{python} {script} {whole}").env("PYTHONPATH", &wheel.modules);
        let said = output(compare).with_context(|| format!("with {how}"))?;
        tell(&format!("{how}: {said}"));

        // OpenCV's own copy of libjpeg-turbo guessed from wrong neighbours what is missing in these files, or failed:
        // https://github.com/libjpeg-turbo/libjpeg-turbo/blob/main/ChangeLog.md (2.1.3). Kernels must not matter.
        read(&pixels, &missing, variable)?;
        let made = content(&missing)?;
        ensure!(
            before.is_none_or(|before| before == made),
            "files that lack scans are read in another way with {how}"
        );
        before = Some(made);
    }
    Ok(())
}

/// The wheel, skipped where the machine's Python is not for it.
pub(super) fn wheel(workspace: &Workspace) -> Result<Reference> {
    match reference::missing()? {
        Some(why) => Err(Skip::because(why)),
        None => reference::installed(workspace),
    }
}

/// Compiles the program that writes files, which calls the SDK's libjpeg-turbo by itself.
fn compile_kinds(sdk: &Sdk, tools: &Tools, source: &Path, program: &Path) -> Result<()> {
    let (sh, cc, sdk) = (Shell::new()?, tools.cc(), sdk.path());
    output(cmd!(
        sh,
        "{cc} -std=c11 -O1 -o {program} {source} -I {sdk}/include/libjpeg-turbo -L {sdk}/lib -ljpeg-turbo"
    ))?;
    Ok(())
}

/// Compiles and links a program that calls OpenCV.
pub(super) fn compile(sdk: &Sdk, tools: &Tools, source: &Path, program: &Path) -> Result<()> {
    let link = &sdk.manifest().link;
    let libraries = link.libraries.iter().chain(&link.system);
    let libraries = libraries.map(|name| format!("-l{name}"));
    let (sh, cxx, sdk) = (Shell::new()?, tools.cxx(), sdk.path());
    output(cmd!(
        sh,
        "{cxx} -std=c++11 -O1 -o {program} {source} -I {sdk}/include/opencv4 -L {sdk}/lib {libraries...}"
    ))?;
    Ok(())
}

/// Photos, and files that nobody or not everybody can read: cut off, of 12 bits, and lossless.
fn add_others(sdk: &Sdk, folder: &Path) -> Result<()> {
    let read = |path: PathBuf| fs::read(path);
    let write = |name: &str, content: &[u8]| fs::write(folder.join(name), content);
    for photo in ["lena.jpg", "messi5.jpg"] {
        let file = read(sdk.path().join("share/samples").join(photo))?;
        write(photo, &file)?;
        write(&format!("cut-{photo}"), &file[..file.len() / 2])?;
    }
    let plain = read(folder.join(PLAIN))?;
    let frame = plain.windows(2).position(|marker| marker == [0xff, 0xc0]);
    let frame = frame.context("a baseline file has no frame")?;
    // What is after the marker and the length is the number of bits.
    for (name, place, value) in [
        ("twelve.jpg", frame + 4, 12),
        ("lossless.jpg", frame + 1, 0xc3),
    ] {
        let mut other = plain.clone();
        other[place] = value;
        write(name, &other)?;
    }
    Ok(())
}

/// Has the program read every file of a folder, in which nothing of an earlier time is left.
fn read(program: &Path, folder: &Path, variable: &str) -> Result<()> {
    for path in sorted_entries(folder)? {
        if path.extension().is_none_or(|extension| extension != "jpg") {
            remove_if_there(&path)?;
        }
    }
    let sh = Shell::new()?;
    let mut command = cmd!(sh, "{program} {folder}");
    if !variable.is_empty() {
        command = command.env(variable, "1");
    }
    output(command)?;
    Ok(())
}

/// What is in the files of a folder.
fn content(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let files = sorted_entries(folder)?.into_iter();
    files
        .map(|path| Ok((path.clone(), fs::read(path)?)))
        .collect()
}
