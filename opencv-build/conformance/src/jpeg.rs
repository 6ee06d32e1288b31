//! Decodes and encodes JPEG files of every kind by the SDK and by OpenCV's Python wheel 4.5.5, with all SIMD kernels
//! that this machine supports and without: the pixels and the files must be the same. The programs that write, decode
//! and compare the files are in `data/jpeg`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use opencv_build::{Architecture, Sdk, Tools};
use support::files::{remove_if_exists, sorted_entries};
use support::progress::print_status;
use support::run::{Cmd, Shell, cmd, output};

use crate::programs::Programs;
use crate::reference::{Reference, Release};
use crate::{Fixture, data_dir};

/// Environment variables that turn off libjpeg-turbo's SIMD kernels; empty for none.
const X86_SIMD_VARIABLES: [&str; 3] = ["", "JSIMD_FORCESSE2", "JSIMD_FORCENONE"];
const ARM_SIMD_VARIABLES: [&str; 2] = ["", "JSIMD_FORCENONE"];

/// One of the files that `write_variants.c` writes.
const BASELINE_FILE: &str = "420-baseline-64x48-q95.jpg";

pub fn test(fixture: &Fixture) -> Result<()> {
    let reference = Reference::install(Release::OpenCv4_5_5, fixture.paths)?;
    let programs = Programs::new(fixture)?;
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let at = |name: &str| scratch.path().join(name);
    let (complete, truncated) = (at("complete"), at("truncated"));
    for folder in [&complete, &truncated] {
        fs::create_dir(folder)?;
    }
    let (sh, writer) = (Shell::new()?, at("write-variants"));
    output(compile_variant_writer(
        (fixture.tools, fixture.sdk),
        fixture.project_dir,
        &sh,
        &writer,
    ))?;
    let writer = fixture.runnable(&writer)?;
    output(cmd!(sh, "{writer} {complete} {truncated}"))?;
    add_unusual_files(fixture.sdk, &complete)?;

    let decode = programs.compile("jpeg", "decode")?;
    let script = fixture.data_dir().join("jpeg/wheel.py");
    let variables: &[&str] = match fixture.sdk.manifest().target.architecture {
        Architecture::X86_64 => &X86_SIMD_VARIABLES,
        Architecture::Aarch64 => &ARM_SIMD_VARIABLES,
    };
    let mut before = None;
    for variable in variables {
        let how = if variable.is_empty() { "all kernels" } else { variable };
        decode_files(&decode, &complete, variable)?;
        let compare = reference.python_command(&sh, &script).arg(&complete);
        let report = output(compare).with_context(|| format!("with {how}"))?;
        print_status(&format!("{how}: {report}"));

        // The wheel is not a reference here: OpenCV's own copy of libjpeg-turbo estimates missing scans from the wrong
        // neighbours, or fails: https://github.com/libjpeg-turbo/libjpeg-turbo/blob/main/ChangeLog.md (2.1.3). But all
        // kernels must give the same result.
        decode_files(&decode, &truncated, variable)?;
        let contents = file_contents(&truncated)?;
        ensure!(
            before.is_none_or(|before| before == contents),
            "files without all scans are decoded differently with {how}"
        );
        before = Some(contents);
    }
    Ok(())
}

/// The command that compiles the program `PROGRAM FOLDER FOLDER`, which writes complete files to the first folder and
/// files that lack scans to the second. It uses the SDK's libjpeg-turbo directly.
pub fn compile_variant_writer<'s>(
    (tools, sdk): (&Tools, &Sdk),
    project_dir: &Path,
    sh: &'s Shell,
    program: &Path,
) -> Cmd<'s> {
    let (cc, sdk) = (tools.cc(), sdk.path());
    let source = data_dir(project_dir).join("jpeg/write_variants.c");
    cmd!(
        sh,
        "{cc} -std=c11 -O1 -o {program} {source} -I {sdk}/include/libjpeg-turbo -L {sdk}/lib -ljpeg-turbo"
    )
}

/// Adds photos, and files that not every decoder can read: truncated, with 12 bits, and lossless.
fn add_unusual_files(sdk: &Sdk, folder: &Path) -> Result<()> {
    let read = |path: PathBuf| fs::read(path);
    let write = |name: &str, content: &[u8]| fs::write(folder.join(name), content);
    for photo in ["lena.jpg", "messi5.jpg"] {
        let file = read(sdk.path().join("share/samples").join(photo))?;
        write(photo, &file)?;
        write(&format!("cut-{photo}"), &file[..file.len() / 2])?;
    }
    let baseline = read(folder.join(BASELINE_FILE))?;
    let frame = baseline.windows(2).position(|marker| marker == [0xff, 0xc0]);
    let frame = frame.context("a baseline file has no frame")?;
    // After the marker and the length comes the number of bits.
    for (name, offset, value) in [("twelve.jpg", frame + 4, 12), ("lossless.jpg", frame + 1, 0xc3)] {
        let mut other = baseline.clone();
        other[offset] = value;
        write(name, &other)?;
    }
    Ok(())
}

/// Decodes every file of a folder, after removing earlier output.
fn decode_files(program: &Path, folder: &Path, variable: &str) -> Result<()> {
    for path in sorted_entries(folder)? {
        if path.extension().is_none_or(|extension| extension != "jpg") {
            remove_if_exists(&path)?;
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

fn file_contents(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let files = sorted_entries(folder)?.into_iter();
    files.map(|path| Ok((path.clone(), fs::read(path)?))).collect()
}
