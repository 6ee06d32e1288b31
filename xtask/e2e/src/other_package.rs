//! A function of another workspace, without a harness and with a library in C: `data/plain-function`, copied to a
//! folder of its own. Every command that takes a package serves it, and leaves the default function's artefacts alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use fs_err as fs;
use layer::Layout;
use layer::elf::FunctionBinary;
use package::artefacts;
use package::build::Build;
use package::program::sibling_binary;
use package::workspace::Workspace;
use serde_json::{Value, json};
use support::files::file_name;
use support::lock::Lock;
use support::run::{Shell, cmd, output, run_checked, wait_with_output};

use super::{build_path_leaks, plain_function, programs};

/// The package's own name, and that of its artefacts.
const PACKAGE: &str = "pixel-mean";
const NAME: &str = "mean-of-pixels";

pub fn test(build: &Build) -> Result<()> {
    let target = build.recipe.target;
    conformance::skip_unless_runnable(&target)?;
    let fixture = OtherPackage::new(build)?;
    let ours = artefacts::output_dir(&build.package, target.architecture).join(&build.package.name);
    fixture.check_program()?;
    let before = fs::read(ours.join("index.json")).ok();
    fixture.check_image()?;
    fixture.check_zip()?;
    let unchanged = fs::read(ours.join("index.json")).ok() == before;
    ensure!(unchanged, "the image `{}` has changed", ours.display());
    fixture.check_answers()?;
    fixture.check_environment()
}

struct OtherPackage<'a> {
    build: &'a Build,
    folder: PathBuf,
    manifest: PathBuf,
    _lock: Lock,
}

impl<'a> OtherPackage<'a> {
    fn new(build: &'a Build) -> Result<Self> {
        let (folder, lock) = plain_function::copy_to(&build.workspace, "other workspace")?;
        Ok(Self {
            build,
            manifest: folder.join("Cargo.toml"),
            folder,
            _lock: lock,
        })
    }

    /// `cargo xtask COMMAND --manifest-path … --json`, in an environment without another target folder.
    fn command(&self, program: &Path, subcommand: Option<&str>) -> Result<Command> {
        let (sh, manifest) = (Shell::new()?, &self.manifest);
        let run = cmd!(sh, "{program} {subcommand...} --manifest-path {manifest} --json");
        Ok(Command::from(run.env_remove("CARGO_TARGET_DIR")))
    }

    fn xtask(&self, subcommand: &str) -> Result<Value> {
        let mut run = self.command(&programs::xtask()?, Some(subcommand))?;
        let text = output(&mut run)?;
        serde_json::from_str(&text).with_context(|| format!("`{subcommand}` printed no JSON: {text}"))
    }

    fn check_program(&self) -> Result<()> {
        let built = self.xtask("build-function")?;
        ensure!(built["package"] == PACKAGE, "the built package is {}", built["package"]);
        let program = Path::new(built["binary"].as_str().context("there is no program")?);
        ensure!(
            program.starts_with(&self.folder),
            "`{}` is not in the package's workspace",
            program.display()
        );
        build_path_leaks::check(program, &self.build.workspace)?;
        build_path_leaks::check(program, &Workspace::at(&self.folder))
    }

    fn check_image(&self) -> Result<()> {
        let written = self.xtask("image")?;
        let image = &written["images"][1];
        ensure!(image["name"] == NAME, "the image is called {}", image["name"]);
        let path = |key: &str| image[key].as_str().with_context(|| format!("the image has no {key}"));
        let layout = Layout::open(Path::new(path("layout")?), self.build.recipe.target.architecture)?;
        let config: Value = serde_json::from_slice(layout.image().config())?;
        let labels = &config["config"]["Labels"];
        for (key, expected) in [
            ("title", NAME),
            (
                "description",
                "Enlarges pixels with OpenCV and answers with their mean and their checksum",
            ),
            ("version", "2.3.4"),
            ("licenses", "MIT"),
        ] {
            let found = &labels[format!("org.opencontainers.image.{key}")];
            ensure!(found == expected, "the image's {key} is {found}");
        }
        let variables = &config["config"]["Env"];
        ensure!(
            *variables == json!(["UNIT=grey levels"]),
            "the image's variables are {variables}"
        );
        let document: Value = serde_json::from_slice(&fs::read(path("sbom")?)?)?;
        let packages = document["packages"].as_array().context("the SBOM has no packages")?;
        let has = |name: &str| packages.iter().any(|package| package["name"] == name);
        for name in [NAME, PACKAGE, "lambda_runtime", "libz-sys", "opencv"] {
            ensure!(has(name), "the SBOM lacks {name}");
        }
        ensure!(!has("aws-sigv4"), "the SBOM has crates of another function");
        Ok(())
    }

    fn check_zip(&self) -> Result<()> {
        let written = self.xtask("zip")?;
        let path = written["path"].as_str().context("there is no archive")?;
        let archive = zip::ZipArchive::new(fs::File::open(path)?)?;
        let names: Vec<_> = archive.file_names().collect::<Result<_, _>>()?;
        ensure!(
            file_name(Path::new(path)) == format!("{NAME}.zip"),
            "the archive is `{path}`"
        );
        ensure!(names == ["bootstrap", "labels/mean.txt"], "the archive has {names:?}");
        let linted = self.xtask("lint")?;
        let reference = linted["reference"].as_str().unwrap_or_default();
        ensure!(
            linted["errors"] == 0 && linted["warnings"] == 0 && reference.contains(" and "),
            "lint found {linted}"
        );
        Ok(())
    }

    /// The sample has its expected answer, and other events have theirs or are errors.
    fn check_answers(&self) -> Result<()> {
        let program = sibling_binary("test-local")?;
        let send = |arguments: &[&Path]| {
            let mut run = self.command(&program, None)?;
            wait_with_output(run.args(["--engine", "none"]).args(arguments))
        };
        let sample = send(&[])?;
        ensure!(sample.status.success(), "{}", String::from_utf8_lossy(&sample.stderr));
        let event = |name: &str, event: Value| -> Result<PathBuf> {
            let path = self.folder.join(name);
            fs::write(&path, event.to_string())?;
            Ok(path)
        };
        let other = send(&[Path::new("--event"), &event("other.json", json!({"pixels": [10, 30]}))?])?;
        let answer: Value = serde_json::from_slice(&other.stdout)?;
        let mean = &answer["results"][0]["response"]["mean"];
        ensure!(*mean == 20.0, "the mean is {mean}");
        let wrong = send(&[Path::new("--event"), &event("wrong.json", json!({"pixels": [256]}))?])?;
        let message = String::from_utf8_lossy(&wrong.stderr);
        ensure!(
            !wrong.status.success() && message.contains("a pixel is not a grey level"),
            "an event that is an error passes: {message}"
        );
        let http = send(&[Path::new("--http"), &self.folder.join("samples/event.json")])?;
        let message = String::from_utf8_lossy(&http.stderr);
        ensure!(
            !http.status.success() && message.contains("the answer's status is 502"),
            "a request by HTTP, which this function does not accept, passes: {message}"
        );
        self.check_unexpected_answer(&program)
    }

    /// A sample whose answer is not the expected one fails.
    fn check_unexpected_answer(&self, program: &Path) -> Result<()> {
        let file = self.folder.join("samples/answer.json");
        let right = fs::read(&file)?;
        fs::write(&file, r#"{"mean": 138.5}"#)?;
        let mut run = self.command(program, None)?;
        let ended = wait_with_output(run.args(["--engine", "none"]));
        fs::write(&file, right)?;
        let ended = ended?;
        let message = String::from_utf8_lossy(&ended.stderr);
        ensure!(
            !ended.status.success() && message.contains("/mean is 138.75 instead of 138.5"),
            "an unexpected answer passes: {message}"
        );
        Ok(())
    }

    /// Plain cargo builds the package with the variables that `env` prints, and nothing else.
    fn check_environment(&self) -> Result<()> {
        let (sh, manifest, xtask) = (Shell::new()?, &self.manifest, programs::xtask()?);
        let variables = cmd!(sh, "{xtask} env --manifest-path {manifest}");
        let variables = output(variables.env_remove("CARGO_TARGET_DIR"))?;
        let script = self.folder.join("env.sh");
        fs::write(&script, variables + "\n")?;
        sh.change_dir(&self.folder);
        // Compiles into a folder of its own, because its flags also contain the user's folder of crates.
        let line = ". ./env.sh && exec \"$0\" build --locked --target-dir target/env";
        let cargo = support::cargo::cargo();
        let cargo = Path::new(cargo.get_program());
        let mut build = Command::from(cmd!(sh, "sh -c {line} {cargo}"));
        build.env_clear();
        for name in ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] {
            build.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        run_checked(&mut build)?;
        let triple = self.build.recipe.target.rust_triple();
        let program = self.folder.join("target/env").join(triple).join("debug").join(PACKAGE);
        let target = &self.build.recipe.target;
        FunctionBinary::check(&program, target.architecture, target.glibc)?.require_hardened()?;
        Ok(())
    }
}
