//! `cargo xtask test`: every check of the project, in order, each passed, failed or skipped with
//! a reason. Goes on after a failure, so that one run tells all.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use layer::elf::FunctionBinary;
use opencv_build::sdk::Sdk;
use support::progress::tell;

use local::engine::{self, Engine};
use local::gateway::Gateway;
use local::site::Site;
use local::test_local;
use package::build_function;
use package::pack::FUNCTION;
use package::pack::base::Base;
use package::workspace::Workspace;
use package::{build_opencv, pack};
use size::budget::Budgets;
use size::report::Measure;
use support::answer::Answer;
use support::process::succeed;

mod advisories;
mod benches;
mod browser;
mod cases;
mod consumers;
mod craft;
mod deadline;
mod deny;
mod disk;
mod errors;
mod events;
mod faults;
mod foreign;
mod fuzz;
mod hardening;
mod hostile;
mod identity;
mod index;
mod jpeg;
mod killed;
mod kinds;
mod labelled;
mod lifecycle;
mod memory;
mod mirror;
mod outage;
mod page;
mod pixels;
mod privilege;
mod programs;
mod promises;
mod proxy;
mod readme;
mod reference;
mod registries;
mod report;
mod reproducible;
mod sbom;
mod size_page;
mod sizes;
mod snapshot;
mod soak;
mod tools;
mod traces;
mod trees;
mod variants;

use report::Skip;
use report::TestAnswer;

/// What to test.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Arguments {
    /// Only tests whose name contains this
    #[arg(long, value_name = "NAME")]
    pub only: Option<String>,

    /// Also what takes long: a minute of each fuzzer, ten times as many random detections, 10,000 events at once
    #[arg(long)]
    pub slow: bool,

    /// What random inputs and faults are made from: the same number makes the same ones
    #[arg(long, value_name = "NUMBER", default_value_t = 13)]
    pub seed: u64,

    /// With how many random cases detectors are compared, for each set of instructions
    #[arg(
        long,
        value_name = "NUMBER",
        requires = "slow",
        default_value_t = 20_000
    )]
    pub cases: u64,

    /// How to fuzz
    #[command(flatten)]
    pub fuzz: fuzz::Fuzzing,

    /// Write down the answers that events get as the expected ones, instead of comparing them
    #[arg(long, requires = "only")]
    pub bless: bool,
}

impl Arguments {
    /// How many random cases are asked for, if they may take long.
    fn cases(&self) -> Option<u64> {
        self.slow.then_some(self.cases)
    }
}

fn main() -> ExitCode {
    package::program::TEST.main(|arguments, json| run(arguments)?.print(json))
}

/// Runs all tests.
fn run(arguments: &Arguments) -> Result<TestAnswer> {
    let workspace = Workspace::find();
    programs::build(&workspace)?;
    let suite = Suite {
        workspace: &workspace,
    };
    let tests: &[(&str, &dyn Fn() -> Result<()>)] = &[
        ("formatting", &|| suite.formatting()),
        ("lints", &|| suite.lints()),
        ("unit tests", &|| suite.unit_tests()),
        ("options in the README", &|| readme::test(&workspace)),
        ("the OpenCV build", &|| suite.build()),
        ("interrupted and repeated builds", &|| {
            lifecycle::test(&workspace)
        }),
        ("the function's tests", &|| suite.function_tests()),
        ("images", &|| suite.images()),
        ("the same bytes elsewhere", &|| {
            suite.with_function(reproducible::test)
        }),
        ("skopeo takes every image", &|| {
            suite.with_function(tools::skopeo)
        }),
        ("Docker takes every image", &|| {
            suite.with_function(tools::load)
        }),
        ("Python takes the zip archive", &|| {
            suite.with_function(tools::zip)
        }),
        ("registries", &|| {
            registries::test(&workspace, suite.function_image()?.layout.path())
        }),
        ("a base from a registry", &|| {
            let image = suite.function_image()?;
            suite.with_function(|workspace, sdk, binary| {
                registries::base(workspace, image.layout.path(), sdk, binary)
            })
        }),
        ("registries as skopeo sees them", &|| {
            registries::skopeo(&workspace, suite.function_image()?.layout.path())
        }),
        ("programs against the SDK image", &|| {
            consumers::test(&workspace, &suite.sdk()?)
        }),
        ("rectangles equal stock's in random cases", &|| {
            identity::stock(&workspace, &suite.sdk()?, arguments.cases())
        }),
        ("rectangles equal the wheel's", &|| {
            identity::wheel(&workspace, &suite.sdk()?)
        }),
        ("the detector under sanitizers", &|| {
            identity::sanitizers(&workspace, &suite.sdk()?, arguments.cases())
        }),
        ("pixels of JPEG files", &|| {
            let sdk = build_opencv::built(&workspace, &build_opencv::Arguments::default())?.sdk;
            jpeg::test(&workspace, &sdk)
        }),
        ("pixels of PNG, WebP and other files", &|| {
            pixels::test(&workspace, &suite.sdk()?)
        }),
        ("a package index with a password", &|| {
            index::test(&workspace)
        }),
        ("hardened code", &|| suite.with_function(hardening::test)),
        ("bills of materials", &|| suite.with_function(sbom::test)),
        ("known vulnerabilities", &|| {
            suite.with_function(advisories::test)
        }),
        ("licences, bans and sources of crates", &|| {
            deny::rules(&workspace)
        }),
        ("RustSec's advisories", &|| deny::advisories(&workspace)),
        ("photos without a container", &|| suite.photos(Engine::None)),
        ("photos in a container", &|| suite.photos(Engine::Docker)),
        ("events of every shape", &|| {
            suite.with_function(|workspace, sdk, binary| {
                // In a container where there is an engine: that is how Lambda has it.
                let engine = Engine::choose(None)?;
                events::test(workspace, sdk, binary, engine, arguments.bless)
            })
        }),
        ("faces that people labelled", &|| {
            suite.with_function(labelled::test)
        }),
        ("photos of every kind", &|| suite.with_function(kinds::test)),
        ("hostile files", &|| {
            suite.with_function(|workspace, sdk, binary| {
                hostile::test(workspace, sdk, binary, (arguments.slow, arguments.seed))
            })
        }),
        ("photos of other people's tools", &|| {
            suite.with_function(foreign::test)
        }),
        ("memory of the worst files", &|| {
            suite.with_function(|workspace, sdk, binary| {
                memory::test(workspace, sdk, binary, arguments.slow)
            })
        }),
        ("errors and the event after them", &|| {
            suite.with_function(errors::test)
        }),
        ("an S3 that is out of reach", &|| {
            suite.with_function(outage::test)
        }),
        ("photos that take too long", &|| {
            suite.with_function(deadline::test)
        }),
        ("buckets that are not listed", &|| {
            suite.with_function(privilege::test)
        }),
        ("an S3 with faults", &|| {
            suite.with_function(|workspace, sdk, binary| {
                faults::test(workspace, sdk, binary, (arguments.slow, arguments.seed))
            })
        }),
        ("a snapshot and its restore", &|| {
            suite.with_function(|_, sdk, binary| snapshot::test(sdk, binary))
        }),
        ("the page in a browser", &|| suite.page()),
        ("the size report in a browser", &|| suite.size_page()),
        ("two thousand events", &|| suite.with_function(soak::test)),
        ("sizes", &|| sizes::test(&workspace)),
        ("benches, quickly", &benches::test),
    ];
    let slow: &[(&str, &dyn Fn() -> Result<()>)] = &[
        ("fuzzing", &|| fuzz::test(&workspace, &arguments.fuzz)),
        ("ten thousand events at once", &|| {
            suite.with_function(soak::load)
        }),
        ("images killed while they are written", &|| {
            suite.with_function(|workspace, sdk, binary| {
                killed::packing(workspace, sdk, binary, arguments.seed)
            })
        }),
        ("builds killed at fifty moments", &|| {
            killed::test(&workspace, arguments.seed)
        }),
        ("full disks", &|| suite.with_function(disk::test)),
    ];
    let slow = slow.iter().filter(|_| arguments.slow);
    let mut answer = TestAnswer::default();
    for (name, test) in tests.iter().chain(slow) {
        if arguments
            .only
            .as_ref()
            .is_none_or(|only| name.contains(only.as_str()))
        {
            tell(&format!("\n=== {name}"));
            let start = Instant::now();
            let result = test();
            answer.add(name, result, start.elapsed());
        }
    }
    ensure!(!answer.is_empty(), "no test has a name like that");
    Ok(answer)
}

struct Suite<'a> {
    workspace: &'a Workspace,
}

impl Suite<'_> {
    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = support::cargo::cargo();
        cargo.current_dir(self.workspace.root()).args(arguments);
        cargo
    }

    fn formatting(&self) -> Result<()> {
        self.need("fmt", "rustfmt")?;
        succeed(&mut self.cargo(&["fmt", "--all", "--check"]))
    }

    fn lints(&self) -> Result<()> {
        self.need("clippy", "clippy")?;
        let strict = ["--", "--deny", "warnings"];
        // With the profile of this program, whose dependencies are compiled by now.
        let mut clippy = self.cargo(&["clippy", "--profile", "tools", "--all-targets"]);
        succeed(clippy.args(strict))?;
        let (sdk, _) = self.function()?;
        let mut function =
            build_function::cargo(self.workspace, &build_opencv::Arguments::default(), &sdk)?;
        function.args(["clippy", "--package", "function", "--features", "opencv"]);
        function.arg("--all-targets");
        function.args(["--profile", "lambda", "--target"]);
        function
            .arg(sdk.manifest().target.rust_triple())
            .args(strict);
        succeed(&mut function)
    }

    /// Skips a test that needs a part of Rust which is not installed.
    fn need(&self, verb: &str, component: &str) -> Result<()> {
        let found = self.cargo(&[verb, "--version"]).output();
        if found.is_ok_and(|output| output.status.success()) {
            return Ok(());
        }
        let reason = format!("{component} is not installed; rustup component add {component}");
        Err(Skip::because(reason))
    }

    fn unit_tests(&self) -> Result<()> {
        succeed(&mut self.cargo(&["test", "--profile", "tools"]))?;
        fuzz::check_lock(self.workspace)
    }

    /// The real build, and that it is not done again.
    fn build(&self) -> Result<()> {
        build_opencv::built(self.workspace, &build_opencv::Arguments::default())?;
        let again = build_opencv::built(self.workspace, &build_opencv::Arguments::default())?;
        ensure!(again.cached, "a second build was not taken from the first");
        Ok(())
    }

    fn sdk(&self) -> Result<Sdk> {
        Ok(build_opencv::built(self.workspace, &build_opencv::Arguments::default())?.sdk)
    }

    fn function(&self) -> Result<(Sdk, FunctionBinary)> {
        build_function::built(self.workspace, &build_opencv::Arguments::default())
    }

    fn with_function(
        &self,
        test: impl FnOnce(&Workspace, &Sdk, &FunctionBinary) -> Result<()>,
    ) -> Result<()> {
        let (sdk, binary) = self.function()?;
        test(self.workspace, &sdk, &binary)
    }

    fn function_tests(&self) -> Result<()> {
        let (sdk, _) = self.function()?;
        let mut cargo =
            build_function::cargo(self.workspace, &build_opencv::Arguments::default(), &sdk)?;
        cargo.args([
            "test",
            "--package",
            "function",
            "--features",
            "opencv",
            "--lib",
            "--profile",
            "lambda",
            "--target",
        ]);
        cargo.arg(sdk.manifest().target.rust_triple());
        succeed(&mut cargo)
    }

    /// Both images are written, small enough, the same when they are written again, and without a
    /// trace of this machine.
    fn images(&self) -> Result<()> {
        let (sdk, binary) = self.function()?;
        let write = || pack::images(self.workspace, &sdk, &binary, &Base::Minimal);
        let (first, again) = (write()?, write()?);
        for (first, again) in first.iter().zip(&again) {
            let (first, again) = (first.layout.image(), again.layout.image());
            ensure!(
                first.digest() == again.digest(),
                "{} differs when written again",
                first.name()
            );
        }
        let [_, function] = &first;
        let function = function.layout.image();
        let (_, zip) = pack::function_zip(self.workspace, &sdk, &binary)?;
        let budgets = Budgets::read(&self.workspace.root().join("opencv.toml"))?;
        let architecture = sdk.manifest().target.architecture.name();
        let (image, archive) = (format!("image {FUNCTION}"), format!("zip {FUNCTION}"));
        for (artefact, measure, bytes) in [
            (&image, Measure::Unpacked, function.unpacked_bytes()),
            (&image, Measure::Packed, function.packed_bytes()),
            (&archive, Measure::Packed, zip.packed_bytes),
        ] {
            let word = measure.word();
            let most = budgets.most(architecture, artefact, measure);
            let most = most.with_context(|| format!("no budget limits `{artefact}` {word}"))?;
            ensure!(
                bytes <= most,
                "`{artefact}` has {bytes} bytes {word}, more than the budget of {most} in `opencv.toml`"
            );
        }

        let libraries = sdk.manifest().libraries.iter();
        let libraries = libraries.map(|library| sdk.path().join("lib").join(&library.file));
        for file in libraries.chain([binary.path().to_owned()]) {
            traces::check(&file, self.workspace)?;
        }
        Ok(())
    }

    /// The function's image, written.
    fn function_image(&self) -> Result<pack::Written> {
        let (sdk, binary) = self.function()?;
        let [_, function] = pack::images(self.workspace, &sdk, &binary, &Base::Minimal)?;
        Ok(function)
    }

    /// The same faces as the Python wheel's, in the labelled photos or else in OpenCV's samples.
    fn photos(&self, engine: Engine) -> Result<()> {
        if engine == Engine::Docker {
            engine::version()
                .map_err(|why| Skip::because(format!("no Docker engine answers: {why}")))?;
        }
        let (sdk, binary) = self.function()?;
        let (photos, expect) = match self.labelled_photos()? {
            Some((photos, expected)) => (photos, Some(expected)),
            None => {
                tell("the labelled photos are not beside the project; OpenCV's samples serve");
                let samples = sdk.path().join("share/samples");
                (
                    vec![samples.join("lena.jpg"), samples.join("messi5.jpg")],
                    None,
                )
            }
        };
        let arguments = test_local::Arguments {
            photos,
            engine: Some(engine),
            expect,
            keep: false,
        };
        let workspace = self.workspace;
        test_local::try_photos(workspace, &sdk, &binary, &arguments, |answer, _| {
            tell(&answer.text());
            Ok(())
        })
    }

    /// The page, as a browser sees it behind something like a function's URL.
    fn page(&self) -> Result<()> {
        let (sdk, binary) = self.function()?;
        let site = Site::start(self.workspace, (&sdk, &binary), Engine::None, &[])?;
        let gateway = Gateway::start(site.emulator.url())?;
        let photo = sdk.path().join("share/samples/lena.jpg");
        page::test(&gateway.url(), &photo, 1, site.scratch(), site.results())
    }

    /// The page of the size report, as a browser opens the file.
    fn size_page(&self) -> Result<()> {
        let built = size::Built::new(self.workspace, &build_opencv::Arguments::default())?;
        let document = size::document(self.workspace, &size::Arguments::default(), &built)?;
        let results = self.workspace.target().join("size");
        let scratch = tempfile::tempdir().context("failed to create a temporary folder")?;
        size_page::test(&document, scratch.path(), &results)
    }

    /// The photos in `../shared/photos` and what the wheel finds in them.
    fn labelled_photos(&self) -> Result<Option<(Vec<PathBuf>, PathBuf)>> {
        let folder = self.workspace.root().join("../shared/photos");
        let expected = folder.join("wheel-4.5.5.json");
        if !expected.is_file() {
            return Ok(None);
        }
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("failed to read `{}`", folder.display()))?;
        let mut photos = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()?;
        photos.retain(|path| path.extension().is_some_and(|extension| extension == "jpg"));
        photos.sort();
        ensure!(
            !photos.is_empty(),
            "there are no photos in `{}`",
            folder.display()
        );
        Ok(Some((photos, expected)))
    }
}
