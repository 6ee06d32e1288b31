//! Short tests, and the fixtures that many tests share: the SDK, the function and its image.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use conformance::Fixture;
use fs_err as fs;
use local::engine::{self, Engine};
use local::gateway::Gateway;
use local::local_lambda::LocalLambda;
use local::test_local;
use opencv_build::{Sdk, SdkOrigin};
use package::artefacts::base::Base;
use package::build::Build;
use package::function::Function;
use package::workspace::Workspace;
use package::{artefacts, build_function};
use serde_json::{Value, json};
use size::budget::Budgets;
use size::report::Measure;
use support::atomic;
use support::files::files_with_extension;
use support::output::CommandOutput;
use support::progress::print_status;
use support::run::{Cmd, Shell, cmd, run_checked};

use super::sdk_fixture::sdk_fixture;
use super::{build_path_leaks, function_page, fuzz, size_page};
use conformance::skip::Skip;

pub struct Suite<'a> {
    /// Built from the project's own recipe.
    pub build: &'a Build,
}

impl Suite<'_> {
    fn workspace(&self) -> &Workspace {
        &self.build.workspace
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = support::cargo::cargo();
        cargo.current_dir(self.workspace().root()).args(arguments);
        cargo
    }

    pub fn formatting(&self) -> Result<()> {
        self.require_component("fmt", "rustfmt")?;
        run_checked(&mut self.cargo(&["fmt", "--all", "--check"]))
    }

    pub fn lints(&self) -> Result<()> {
        self.require_component("clippy", "clippy")?;
        run_checked(&mut self.clippy_command(&["test", "--no-run"]))?;
        let (sdk, _) = self.function()?;
        let mut function = build_function::cargo_command(self.build, &sdk, "clippy")?;
        run_checked(function.args(["--package", "harness", "--all-targets", "--", "--deny", "warnings"]))
    }

    /// cargo with clippy as the compiler of the workspace's crates, and warnings as errors. `cargo clippy` only checks:
    /// it would check all dependencies in addition to compiling them.
    fn clippy_command(&self, arguments: &[&str]) -> Command {
        let mut cargo = self.cargo(arguments);
        let driver = Path::new(cargo.get_program()).with_file_name("clippy-driver");
        cargo
            .env("RUSTC_WORKSPACE_WRAPPER", driver)
            .env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
        cargo
    }

    /// Compiles everything with the oldest supported Rust, unless that is the installed one.
    pub fn oldest_rust(&self) -> Result<()> {
        let oldest = env!("CARGO_PKG_RUST_VERSION");
        let installed = self.cargo(&["--version"]).output()?;
        let installed = String::from_utf8_lossy(&installed.stdout);
        if installed.contains(&format!(" {oldest}.")) {
            print_status("the installed Rust is the oldest supported one; all tests use it");
            return Ok(());
        }
        let sh = Shell::new()?;
        sh.change_dir(self.workspace().root());
        let toolchain = format!("+{oldest}");
        let cargo = |command: Cmd| run_checked(command.env_remove("RUSTUP_TOOLCHAIN"));
        if cargo(cmd!(sh, "cargo {toolchain} --version")).is_err() {
            let reason = format!("Rust {oldest} is not installed; rustup toolchain install {oldest}");
            return Err(Skip::with_reason(reason));
        }
        let target = self.workspace().target_dir().join("oldest-rust");
        let check = cmd!(
            sh,
            "cargo {toolchain} check --workspace --exclude function --all-targets"
        );
        cargo(check.env("CARGO_TARGET_DIR", target))
    }

    /// Skips a test whose rustup component is not installed.
    fn require_component(&self, subcommand: &str, component: &str) -> Result<()> {
        let found = self.cargo(&[subcommand, "--version"]).output();
        if found.is_ok_and(|output| output.status.success()) {
            return Ok(());
        }
        let reason = format!("{component} is not installed; rustup component add {component}");
        Err(Skip::with_reason(reason))
    }

    pub fn unit_tests(&self) -> Result<()> {
        // Linting has already compiled the tests with the clippy driver.
        let linted = self.require_component("clippy", "clippy").is_ok();
        let test = if linted { Self::clippy_command } else { Self::cargo };
        // Tests that need more of the machine than Rust are `#[ignore]`d, so that `cargo test` works everywhere.
        run_checked(&mut test(self, &["test", "--no-fail-fast", "--", "--include-ignored"]))?;
        fuzz::check_lock(self.workspace())
    }

    /// Builds OpenCV, and checks that a second build is cached.
    pub fn build(&self) -> Result<()> {
        self.build.build_opencv()?;
        let again = self.build.build_opencv()?;
        ensure!(again.origin == SdkOrigin::Cached, "the second build was not cached");
        Ok(())
    }

    pub fn function(&self) -> Result<(Sdk, Function)> {
        build_function::build_function(self.build)
    }

    pub fn with_function(&self, test: impl FnOnce(&Workspace, &Sdk, &Function) -> Result<()>) -> Result<()> {
        let (sdk, function) = self.function()?;
        test(self.workspace(), &sdk, &function)
    }

    pub fn with_sdk(&self, test: impl FnOnce(&Fixture) -> Result<()>) -> Result<()> {
        let sdk = self.build.build_sdk()?;
        test(&sdk_fixture(self.build, &sdk)?)
    }

    pub fn function_tests(&self) -> Result<()> {
        let (sdk, _) = self.function()?;
        let test = || build_function::cargo_command(self.build, &sdk, "test");
        run_checked(test()?.args(["--package", "harness", "--lib"]))?;
        // The examples in the README of the harness.
        run_checked(test()?.args(["--package", "harness", "--doc"]))
    }

    /// Both images can be written, are within their budgets, are the same when written again, and contain no paths of
    /// this machine.
    pub fn images(&self) -> Result<()> {
        let (sdk, function) = self.function()?;
        let write = || artefacts::write_images(self.workspace(), &sdk, &function, &Base::Minimal);
        let (first, again) = (write()?, write()?);
        for (first, again) in first.all().into_iter().zip(again.all()) {
            let (first, again) = (first.layout.image(), again.layout.image());
            ensure!(
                first.digest() == again.digest(),
                "{} differs when written again",
                first.name()
            );
        }
        let image = first.function.layout.image();
        let (_, zip) = artefacts::write_function_zip(&sdk, &function)?;
        let budgets = Budgets::read(self.build)?;
        let architecture = sdk.manifest().target.architecture;
        let name = &function.package.name;
        let (image_name, zip_name) = (format!("image {name}"), format!("zip {name}"));
        for (artefact, measure, bytes) in [
            (&image_name, Measure::Uncompressed, image.uncompressed_bytes()),
            (&image_name, Measure::Compressed, image.compressed_bytes()),
            (&zip_name, Measure::Compressed, zip.compressed_bytes),
        ] {
            let label = measure.label();
            let most = budgets.limit(architecture, artefact, measure);
            let most = most.with_context(|| format!("no budget limits `{artefact}` {label}"))?;
            ensure!(
                bytes <= most,
                "`{artefact}` has {bytes} bytes {label}, more than the budget of {most} in `opencv.toml`"
            );
        }

        let libraries = sdk.manifest().libraries.iter();
        let libraries = libraries.map(|library| sdk.path().join("lib").join(&library.file));
        for file in libraries.chain([function.path().to_owned()]) {
            build_path_leaks::check(&file, self.workspace())?;
        }
        Ok(())
    }

    pub fn function_image(&self) -> Result<artefacts::WrittenImage> {
        let (sdk, function) = self.function()?;
        let images = artefacts::write_images(self.workspace(), &sdk, &function, &Base::Minimal)?;
        Ok(images.function)
    }

    /// Finds the same faces as the Python wheel in the labelled photos, or in OpenCV's samples where those are missing.
    pub fn photos(&self, engine: Engine) -> Result<()> {
        if engine == Engine::Docker {
            engine::docker_version().map_err(|why| Skip::with_reason(format!("Docker is not available: {why}")))?;
        }
        let (sdk, function) = self.function()?;
        let (photos, expect) = match self.labelled_photos()? {
            Some((photos, expected)) => (photos, Some(expected)),
            None => {
                print_status("the labelled photos are missing; using OpenCV's samples instead");
                let samples = sdk.path().join("share/samples");
                (
                    vec![
                        function.package.sample_photo()?.to_owned(),
                        samples.join("lena.jpg"),
                        samples.join("messi5.jpg"),
                    ],
                    None,
                )
            }
        };
        let arguments = test_local::Arguments {
            photos,
            engine: Some(engine),
            expect,
            ..test_local::Arguments::default()
        };
        let workspace = self.workspace();
        test_local::test_requests(workspace, &sdk, &function, &arguments, |command_output, _| {
            print_status(&command_output?.to_text());
            Ok(())
        })
    }

    /// The function's page in a browser, behind a gateway that acts like a Lambda function URL.
    pub fn page(&self) -> Result<()> {
        let (sdk, function) = self.function()?;
        let lambda = LocalLambda::start(self.workspace(), (&sdk, &function), Engine::None, &[])?;
        let gateway = Gateway::start(&lambda.emulator.url)?;
        let photo = function.package.sample_photo()?;
        function_page::test(&gateway.url(), photo, 1, lambda.scratch.path(), &lambda.results)
    }

    pub fn size_page(&self) -> Result<()> {
        let built = size::BuildOutput::new(self.build)?;
        let document = size::document(&size::Arguments::default(), &built)?;
        let results = self.workspace().target_dir().join("size");
        let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
        size_page::test(&document, scratch.path(), &results)
    }

    /// The photos in `../shared/photos` and a file with the faces that the wheel finds in them: its own file has their
    /// sizes as well, which the responses to direct events do not have.
    fn labelled_photos(&self) -> Result<Option<(Vec<PathBuf>, PathBuf)>> {
        let folder = self.workspace().root().join("../shared/photos");
        let results = folder.join("wheel-4.5.5.json");
        if !results.is_file() {
            return Ok(None);
        }
        let results: BTreeMap<String, Value> = serde_json::from_str(&fs::read_to_string(results)?)?;
        let faces = results
            .iter()
            .map(|(photo, result)| (photo.clone(), json!({"faces": result["faces"]})));
        let expected = self.workspace().target_dir().join("labelled-faces.json");
        atomic::write(&expected, Value::Object(faces.collect()).to_string().as_bytes())?;
        let photos = files_with_extension(&folder, "jpg")?;
        ensure!(!photos.is_empty(), "there are no photos in `{}`", folder.display());
        Ok(Some((photos, expected)))
    }
}
