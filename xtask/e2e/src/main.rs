//! `cargo xtask test`: every check of the project, in order, each passed, failed or skipped with
//! a reason. Goes on after a failure, so that one run tells all.

use std::cell::Cell;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use anyhow::{Result, ensure};
use conformance::{detector, jpeg, pixels};
use local::engine::Engine;
use package::build::{self, Build};
use support::progress::tell;

mod advisories;
mod benches;
mod beside;
mod browser;
mod cases;
mod consumers;
mod craft;
mod deadline;
mod deny;
mod disk;
mod environment;
mod errors;
mod events;
mod faults;
mod fixture;
mod foreign;
mod fuzz;
mod hardening;
mod hostile;
mod index;
mod killed;
mod kinds;
mod labelled;
mod lifecycle;
mod memory;
mod mirror;
mod outage;
mod page;
mod privilege;
mod process;
mod programs;
mod promises;
mod proxy;
mod readme;
mod registries;
mod report;
mod reproducible;
mod sbom;
mod size_page;
mod sizes;
mod snapshot;
mod soak;
mod suite;
mod tools;
mod traces;
mod trees;
mod variants;

use beside::Beside;
use report::TestAnswer;
use suite::Suite;

/// What to test.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Arguments {
    /// Only tests whose name contains this
    #[arg(long, value_name = "NAME")]
    pub only: Option<String>,

    /// Also what takes long: a minute of each fuzzer, ten times as many random detections, 10,000 events at once, a
    /// build in another folder
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
        default_value_t = 10_000
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
    package::program::TEST.main(run)
}

/// A test's name, and the test.
type Test<'a> = (&'a str, &'a dyn Fn() -> Result<()>);

/// Runs all tests.
fn run(arguments: &Arguments, json: bool) -> Result<()> {
    support::interruption::handle()?;
    let build = &Build::read(&build::Arguments::default())?;
    let workspace = &build.workspace;
    programs::build(workspace)?;
    let suite = Suite { build };
    let elsewhere =
        || suite.with_function(|_, sdk, binary| environment::elsewhere(build, sdk, binary));
    let built: &[Test] = &[
        ("formatting", &|| suite.formatting()),
        ("lints", &|| suite.lints()),
        ("unit tests", &|| suite.unit_tests()),
        ("options in the README", &|| readme::test(workspace)),
        ("the OpenCV build", &|| suite.build()),
        ("interrupted and repeated builds", &|| {
            lifecycle::test(build)
        }),
        ("the function's tests", &|| suite.function_tests()),
    ];
    let tests: &[Test] = &[
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
            registries::test(workspace, suite.function_image()?.layout.path())
        }),
        ("a base from a registry", &|| {
            let image = suite.function_image()?;
            suite.with_function(|workspace, sdk, binary| {
                registries::base(workspace, image.layout.path(), sdk, binary)
            })
        }),
        ("registries as skopeo sees them", &|| {
            registries::skopeo(workspace, suite.function_image()?.layout.path())
        }),
        ("programs against the SDK image", &|| {
            consumers::test(build, &build.sdk()?)
        }),
        ("rectangles equal stock's in random cases", &|| {
            suite.with_sdk(|fixture| detector::stock(fixture, arguments.cases()))
        }),
        ("rectangles equal the wheel's", &|| {
            let photos = workspace.root().join("../shared/photos");
            suite.with_sdk(|fixture| detector::wheel(fixture, &photos))
        }),
        ("the detector under sanitizers", &|| {
            suite.with_sdk(|fixture| detector::sanitizers(fixture, arguments.cases()))
        }),
        ("pixels of JPEG files", &|| suite.with_sdk(jpeg::test)),
        ("pixels of PNG, WebP and other files", &|| {
            suite.with_sdk(pixels::test)
        }),
        ("a package index with a password", &|| index::test(build)),
        ("hardened code", &|| hardening::test(build, &build.sdk()?)),
        ("builds in a hostile environment", &|| {
            suite.with_function(environment::test)
        }),
        ("bills of materials", &|| {
            suite.with_function(|_, sdk, binary| sbom::test(build, sdk, binary))
        }),
        ("known vulnerabilities", &|| {
            suite.with_function(advisories::test)
        }),
        ("licences, bans and sources of crates", &|| {
            deny::rules(workspace)
        }),
        ("RustSec's advisories", &|| deny::advisories(workspace)),
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
        ("sizes", &sizes::test),
        ("benches, quickly", &|| benches::test(build)),
    ];
    // What a slow test does with more.
    let instead: &[Test] = &[
        ("a small OpenCV in a hostile environment", &|| {
            environment::small_opencv(workspace)
        }),
        ("two thousand events", &|| suite.with_function(soak::test)),
    ];
    let mut answer = TestAnswer::default();
    run_all(built, arguments, &mut answer);
    thread::scope(|scope| {
        if !arguments.slow {
            run_all(tests, arguments, &mut answer);
            return run_all(instead, arguments, &mut answer);
        }
        let begun = Cell::new(None::<Beside>);
        let slow: &[Test] = &[
            ("ten thousand events at once", &|| {
                suite.with_function(soak::load)
            }),
            ("images killed while they are written", &|| {
                suite.with_function(|workspace, sdk, binary| {
                    killed::packing(workspace, sdk, binary, arguments.seed)
                })
            }),
            ("full disks", &|| suite.with_function(disk::test)),
            ("builds killed at fifty moments", &|| {
                killed::test(build, arguments.seed)
            }),
            ("a hostile environment and a strange folder", &|| {
                begun.take().map_or_else(elsewhere, Beside::finish)
            }),
            ("fuzzing", &|| fuzz::test(build, &arguments.fuzz)),
        ];
        if arguments.only.is_none() {
            // Two builds of many minutes, for which the other tests leave a processor idle. What fails of the fuzzers' is
            // built again by their test, which then says why.
            begun.set(Some(Beside::start(scope, || {
                let _ = fuzz::build(build);
                elsewhere()
            })));
        }
        run_all(tests, arguments, &mut answer);
        run_all(slow, arguments, &mut answer);
    });
    ensure!(!answer.is_empty(), "no test has a name like that");
    answer.print(json)
}

/// Runs those of the tests that are asked for.
fn run_all(tests: &[Test], arguments: &Arguments, answer: &mut TestAnswer) {
    let asked = |name: &str| {
        let only = arguments.only.as_ref();
        only.is_none_or(|only| name.contains(only.as_str()))
    };
    for (name, test) in tests.iter().filter(|(name, _)| asked(name)) {
        tell(&format!("\n=== {name}"));
        let start = Instant::now();
        let result = test();
        answer.add(name, result, start.elapsed());
    }
}
