//! `cargo xtask new`: a function of each template has the expected answers under the emulator, passes its own unit
//! tests, and is accepted by `lint` as an image and as an archive. The template `scan` is also changed as its README
//! describes, and its artefacts are compared with those of the face function.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use package::build::Build;
use package::program::sibling_binary;
use serde_json::Value;
use support::files::temporary_dir_in;
use support::lock::Lock;
use support::progress::print_status;
use support::run::{Shell, cmd, output, run_checked, wait_with_output};

use super::{deploy, programs};

/// Templates of the slow test; `scan` is always tested.
const OTHERS: [&str; 4] = ["minimal", "thumbnail", "blur-faces", "quality"];
/// The name of every package.
const NAME: &str = "my-function";
/// The corners of the page in the sample of `scan`, by eye, in pixels, and the accuracy with which they are found.
const CORNERS: [[f64; 2]; 4] = [[170.0, 150.0], [842.0, 96.0], [905.0, 1168.0], [92.0, 1120.0]];
const ACCURACY: f64 = 5.0;

/// Tests the template `scan`.
pub fn scan(build: &Build) -> Result<()> {
    conformance::skip_unless_runnable(&build.recipe.target)?;
    check_folders(build)?;
    let made = NewFunction::make(build, "scan")?;
    made.check_answers()?;
    made.check_unit_tests()?;
    let (image, archive) = made.check_artefacts()?;
    let (faces_image, faces_archive) = artefact_sizes(&[])?;
    ensure!(
        image < faces_image && archive < faces_archive,
        "the image has {image} bytes and the archive {archive}, those of the face function {faces_image} and \
         {faces_archive}"
    );
    made.add_corners()
}

/// Tests the other templates.
pub fn others(build: &Build) -> Result<()> {
    conformance::skip_unless_runnable(&build.recipe.target)?;
    for template in OTHERS {
        print_status(&format!("the template {template}"));
        let made = NewFunction::make(build, template)?;
        made.check_answers()?;
        made.check_unit_tests()?;
        made.check_artefacts()?;
        if template == "quality" {
            deploy::moved_photos::test(&build.workspace, &made.folder)?;
        }
    }
    Ok(())
}

/// A crate outside the project refers to it by its absolute path and has the project's versions of dependencies, and
/// nothing is overwritten.
fn check_folders(build: &Build) -> Result<()> {
    let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
    let folder = scratch.path().join("new/parents/my-scan");
    xtask(&["new", "my-scan", "--template", "scan", "--path"], &folder)?;
    let manifest = folder.join("Cargo.toml");
    let mut metadata = support::cargo::cargo();
    metadata.args(["metadata", "--locked", "--format-version", "1", "--manifest-path"]);
    let metadata: Value = serde_json::from_str(&output(metadata.arg(&manifest))?)?;
    let packages = metadata["packages"].as_array().context("there are no packages")?;
    let is_harness = |package: &&Value| package["name"] == "harness";
    let harness = packages.iter().find(is_harness).context("there is no harness")?;
    let expected = fs::canonicalize(build.workspace.root().join("function/harness/Cargo.toml"))?;
    ensure!(
        harness["manifest_path"].as_str().map(Path::new) == Some(&expected),
        "the harness is {}",
        harness["manifest_path"]
    );
    let locked = |file: &Path| -> Result<BTreeSet<String>> {
        let packages = fs::read_to_string(file)?;
        Ok(packages.split("[[package]]").skip(1).map(identity).collect())
    };
    let ours = locked(&build.workspace.root().join("Cargo.lock"))?;
    let theirs = locked(&folder.join("Cargo.lock"))?;
    let added: Vec<_> = theirs.difference(&ours).collect();
    ensure!(
        added == ["my-scan 0.1.0"] && theirs.len() < ours.len(),
        "the lock file has {added:?} besides the project's packages"
    );
    let program = programs::xtask()?;
    let sh = Shell::new()?;
    let again = wait_with_output(cmd!(sh, "{program} new my-scan --path {folder}"))?;
    let message = String::from_utf8_lossy(&again.stderr);
    ensure!(
        !again.status.success() && message.contains("the folder is not empty"),
        "a folder that is not empty is accepted: {message}"
    );
    ensure!(
        fs::read_dir(scratch.path().join("new/parents"))?.count() == 1,
        "something is left over"
    );
    Ok(())
}

/// Name and version of a package in a lock file.
fn identity(package: &str) -> String {
    let value = |key: &str| {
        package
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .unwrap_or_default()
    };
    format!("{} {}", value("name = "), value("version = ")).replace('"', "")
}

/// A new function, in a folder that is kept.
struct NewFunction {
    folder: PathBuf,
    _lock: Lock,
}

impl NewFunction {
    /// All templates are made in the same folder, one after the other, and cargo's output is kept, so that dependencies
    /// are compiled once.
    fn make(build: &Build, template: &str) -> Result<Self> {
        let parent = std::path::absolute(build.workspace.target_dir())?.join("new functions");
        let lock = Lock::acquire(&parent.join("lock"), print_status)?;
        let folder = parent.join("my function");
        let old = temporary_dir_in(&parent, "old-")?;
        if folder.is_dir() {
            fs::rename(&folder, old.path().join("function"))?;
        }
        xtask(&["new", NAME, "--template", template, "--path"], &folder)?;
        let target = old.path().join("function/target");
        if target.is_dir() {
            fs::rename(target, folder.join("target"))?;
        }
        Ok(Self { folder, _lock: lock })
    }

    /// The samples have their expected answers, and so has the example photo as an event.
    fn check_answers(&self) -> Result<Value> {
        let program = sibling_binary("test-local")?;
        let (sh, folder) = (Shell::new()?, &self.folder);
        let run = cmd!(sh, "{program} --manifest-path {folder} --json");
        let answers = output(run.env_remove("CARGO_TARGET_DIR"))?;
        Ok(serde_json::from_str(&answers)?)
    }

    /// The commands of the crate's README. With clippy, if it is installed.
    fn check_unit_tests(&self) -> Result<()> {
        let readme = fs::read_to_string(self.folder.join("README.md"))?;
        let line = readme.lines().find(|line| line.starts_with("(eval"));
        let line = line.context("README.md has no command for unit tests")?;
        let (sh, program) = (Shell::new()?, programs::xtask()?);
        // Without `cargo run`, which other tests may delay.
        let line = line.replace("cargo xtask", "\"$0\"");
        let cargo = support::cargo::cargo();
        let clippy = Path::new(cargo.get_program()).with_file_name("clippy-driver");
        let mut run = Command::from(cmd!(sh, "sh -c {line} {program}"));
        run.env_remove("CARGO_TARGET_DIR");
        if clippy.is_file() {
            run.env("RUSTC_WORKSPACE_WRAPPER", clippy);
            run.env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
        }
        run_checked(&mut run)
    }

    /// The bytes of the uncompressed image and of the compressed archive, which `lint` accepts.
    fn check_artefacts(&self) -> Result<(u64, u64)> {
        let options = ["--manifest-path".as_ref(), self.folder.as_path()];
        let sizes = artefact_sizes(&options)?;
        let linted = xtask(&["lint", "--manifest-path"], &self.folder)?;
        ensure!(linted["errors"] == 0 && linted["warnings"] == 0, "lint found {linted}");
        Ok(sizes)
    }

    /// The change that the README of `scan` describes: the answer contains the corners of the page.
    fn add_corners(&self) -> Result<()> {
        let file = self.folder.join("src/page.rs");
        let text = fs::read_to_string(&file)?;
        let changed = text.replace("    #[serde(skip)]\n", "");
        ensure!(text != changed, "src/page.rs has no `#[serde(skip)]`");
        fs::write(&file, changed)?;
        let answers = self.check_answers()?;
        let results = answers["results"].as_array().context("there are no results")?;
        let corners = results
            .iter()
            .find_map(|result| result["response"]["page"]["corners"].as_array());
        let corners = corners.with_context(|| format!("no answer has corners: {answers}"))?;
        let found: Vec<_> = corners.iter().filter_map(Value::as_array).flatten().collect();
        let near = |found: &&Value, expected: &f64| found.as_f64().is_some_and(|it| (it - expected).abs() < ACCURACY);
        let all_near = found
            .iter()
            .zip(CORNERS.as_flattened())
            .all(|(found, expected)| near(found, expected));
        ensure!(
            found.len() == 8 && all_near,
            "the corners are {corners:?} instead of {CORNERS:?}"
        );
        Ok(())
    }
}

/// The bytes of the uncompressed image and of the compressed archive of the function that `options` select.
fn artefact_sizes(options: &[&Path]) -> Result<(u64, u64)> {
    let (sh, program) = (Shell::new()?, programs::xtask()?);
    let run = |subcommand: &str| -> Result<Value> {
        let run = cmd!(sh, "{program} {subcommand} {options...} --json");
        let run = match options {
            [] => run,
            _ => run.env_remove("CARGO_TARGET_DIR"),
        };
        Ok(serde_json::from_str(&output(run)?)?)
    };
    let (image, archive) = (run("image")?, run("zip")?);
    let bytes = |value: &Value| value.as_u64().context("an artefact has no size");
    Ok((
        bytes(&image["images"][1]["uncompressed_bytes"])?,
        bytes(&archive["compressed_bytes"])?,
    ))
}

/// The output of `cargo xtask ARGUMENTS PATH --json`.
fn xtask(arguments: &[&str], path: &Path) -> Result<Value> {
    let (sh, program) = (Shell::new()?, programs::xtask()?);
    let run = cmd!(sh, "{program} {arguments...} {path} --json");
    let text = output(run.env_remove("CARGO_TARGET_DIR"))?;
    serde_json::from_str(&text).with_context(|| format!("`{arguments:?}` printed no JSON: {text}"))
}
