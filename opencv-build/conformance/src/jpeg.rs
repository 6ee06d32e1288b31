//! JPEG files of every kind, read and written by the SDK and by the Python wheel of OpenCV 4.5.5: the same pixels and the
//! same files, with all kernels that this machine has and with none. What writes the files, what reads them, and what
//! compares are programs in `data/jpeg`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::{Architecture, Sdk};
use support::files::{remove_if_there, sorted_entries};
use support::progress::tell;
use support::run::{Cmd, Shell, cmd, output};

use crate::Fixture;
use crate::programs::Programs;
use crate::reference::Reference;

/// Variables that turn kernels of libjpeg-turbo's off, by architecture.
const X86: [&str; 3] = ["", "JSIMD_FORCESSE2", "JSIMD_FORCENONE"];
const ARM: [&str; 2] = ["", "JSIMD_FORCENONE"];

/// One of the files that `kinds.c` writes.
const PLAIN: &str = "420-baseline-64x48-q95.jpg";

/// Compares what both read and write.
pub fn test(fixture: &Fixture) -> Result<()> {
    fixture.runs_here()?;
    let reference = Reference::install(fixture.paths)?;
    let programs = Programs::new(fixture)?;
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let at = |name: &str| scratch.path().join(name);
    let (whole, missing) = (at("whole"), at("missing"));
    for folder in [&whole, &missing] {
        fs::create_dir(folder)?;
    }
    let (sh, kinds) = (Shell::new()?, at("kinds"));
    output(compile_kinds(fixture, &sh, &kinds))?;
    output(cmd!(sh, "{kinds} {whole} {missing}"))?;
    add_others(fixture.sdk, &whole)?;

    let pixels = programs.built("jpeg", "pixels")?;
    let script = fixture.data().join("jpeg/wheel.py");
    let variables: &[&str] = match fixture.sdk.manifest().target.architecture {
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
        let compare = reference.run(&sh, &script).arg(&whole);
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

/// What compiles the program that writes files of every kind, `PROGRAM FOLDER FOLDER`: whole ones, and ones that lack scans.
/// It calls the SDK's libjpeg-turbo by itself.
pub fn compile_kinds<'s>(fixture: &Fixture, sh: &'s Shell, program: &Path) -> Cmd<'s> {
    let (cc, sdk) = (fixture.tools.cc(), fixture.sdk.path());
    let source = fixture.data().join("jpeg/kinds.c");
    cmd!(
        sh,
        "{cc} -std=c11 -O1 -o {program} {source} -I {sdk}/include/libjpeg-turbo -L {sdk}/lib -ljpeg-turbo"
    )
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
