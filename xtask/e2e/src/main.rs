//! `cargo xtask test`: runs every check of the project in order; each passes, fails, or is skipped with a reason.
//! A failure does not stop the run, so that one run reports them all.

use std::cell::Cell;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use anyhow::{Result, ensure};
use conformance::{haar, jpeg, pixels, yunet};
use local::engine::Engine;
use opencv_build::Architecture;
use package::build::{self, ArchitectureSelection, Build};
use support::progress::print_status;

mod background;
mod benches;
mod book;
mod browser;
mod bucket_permissions;
mod build_path_leaks;
mod concurrent_events;
mod consumers;
mod crafted_files;
mod deadline;
mod deny;
mod deploy;
mod deploy_templates;
mod documented_options;
mod download_mirror;
mod emulated;
mod error_recovery;
mod events;
mod external_tools;
mod fault_proxy;
mod file_test_runner;
mod foreign_settings;
mod formatting_and_spelling;
mod full_disk;
mod function_page;
mod fuzz;
mod hardening;
mod hostile_files;
mod interrupted_builds;
mod killed_builds;
mod known_vulnerabilities;
mod labelled_faces;
mod large_responses;
mod library_user;
mod memory_limits;
mod object_keys;
mod other_image_tools;
mod other_package;
mod outdated_pins;
mod package_index;
mod photo_formats;
mod photo_variants;
mod pinned_wheels;
mod plain_function;
mod process;
mod programs;
mod promises;
mod registries;
mod report;
mod reproducible;
mod s3_faults;
mod s3_outage;
mod sbom;
mod sdk_cache;
mod sdk_fixture;
mod sdk_headers;
mod size_page;
mod sizes;
mod snapshot;
mod soak;
mod suite;
mod templates;
mod third_party_photos;
mod tree_diff;
mod watch;

use background::BackgroundTest;
use report::TestOutput;
use suite::Suite;

#[derive(clap::Args, Clone, Debug, Default)]
pub struct Arguments {
    /// Only tests whose name contains this
    #[arg(long, value_name = "NAME")]
    pub only: Option<String>,

    /// Also run the slow tests: a minute of each fuzzer, ten times as many random detections, 10,000 concurrent events,
    /// builds killed at fifty points, full disks, a build in another folder, functions of all templates
    #[arg(long)]
    pub slow: bool,

    /// Seed of random inputs and faults
    #[arg(long, value_name = "NUMBER", default_value_t = 13)]
    pub seed: u64,

    /// Number of random cases for which detectors are compared, for each instruction set
    #[arg(long, value_name = "NUMBER", requires = "slow", default_value_t = 10_000)]
    pub cases: u64,

    /// Test this architecture: x86_64, arm64, or `all` for both. One that is not this machine's is emulated by qemu, and
    /// compared with this machine's [default: the recipe's]
    #[arg(long, value_name = "ARCHITECTURE")]
    pub arch: Option<ArchitectureSelection>,

    #[command(flatten)]
    pub fuzz: fuzz::FuzzArguments,

    /// Save the responses to events as the expected ones, instead of comparing them
    #[arg(long, requires = "only")]
    pub bless: bool,
}

impl Arguments {
    /// The number of random cases, or `None` without `--slow`.
    fn cases(&self) -> Option<u64> {
        self.slow.then_some(self.cases)
    }
}

fn main() -> ExitCode {
    package::program::TEST.main(run)
}

/// A test's name and function.
type Test<'a> = (&'a str, &'a dyn Fn() -> Result<()>);

fn run(arguments: &Arguments, json: bool) -> Result<()> {
    let builds = Build::read_all(&build::Arguments {
        arch: arguments.arch,
        ..build::Arguments::default()
    })?;
    let host = Build::read(&build::Arguments {
        arch: Architecture::host().map(ArchitectureSelection::One),
        ..build::Arguments::default()
    })?;
    programs::build(&host.workspace)?;
    let mut output = TestOutput::default();
    for build in &builds {
        match build.recipe.target.runs_on_host() {
            true => run_suite(build, arguments, &mut output),
            false => emulated::run(build, &host, arguments, &mut output),
        }
    }
    ensure!(!output.is_empty(), "no test matches `--only`");
    output.print(json)
}

/// Runs the tests of this machine's architecture.
fn run_suite(build: &Build, arguments: &Arguments, output: &mut TestOutput) {
    let workspace = &build.workspace;
    let suite = Suite { build };
    let unusual_folder =
        || suite.with_function(|_, sdk, function| foreign_settings::unusual_folder(build, sdk, function));
    let built: &[Test] = &[
        ("formatting", &|| suite.formatting()),
        ("lints", &|| suite.lints()),
        ("unit tests", &|| suite.unit_tests()),
        ("oldest supported Rust", &|| suite.oldest_rust()),
        ("formatting of C and C++", &|| {
            formatting_and_spelling::c_formatting(workspace)
        }),
        ("spelling", &|| formatting_and_spelling::spelling(workspace)),
        ("documented command-line options exist", &|| {
            documented_options::test(workspace)
        }),
        ("OpenCV build", &|| suite.build()),
        ("interrupted and repeated builds", &|| interrupted_builds::test(build)),
        ("unit tests of the function with OpenCV", &|| suite.function_tests()),
    ];
    let tests: &[Test] = &[
        ("images are within budget and reproducible", &|| suite.images()),
        ("reproducible artefacts", &|| suite.with_function(reproducible::test)),
        ("skopeo copies every image", &|| {
            suite.with_function(external_tools::skopeo)
        }),
        ("Docker loads every image", &|| {
            suite.with_function(external_tools::docker)
        }),
        ("Python reads the zip archive", &|| {
            suite.with_function(external_tools::python_zip)
        }),
        ("registry pushes and pulls", &|| {
            registries::test(workspace, suite.function_image()?.layout.path())
        }),
        ("base image from a registry", &|| {
            let image = suite.function_image()?;
            suite.with_function(|workspace, sdk, function| {
                registries::base(workspace, image.layout.path(), sdk, function)
            })
        }),
        ("skopeo reads what was pushed", &|| {
            registries::skopeo(workspace, suite.function_image()?.layout.path())
        }),
        ("SDK from a registry", &|| sdk_cache::test(build)),
        ("images of other tools", &|| {
            let image = suite.function_image()?;
            suite.with_function(|_, _, function| other_image_tools::test(image.layout.path(), function.architecture()))
        }),
        ("a function of another workspace", &|| other_package::test(build)),
        ("changes of a watched function", &|| watch::test(build)),
        ("a function from the template scan", &|| templates::scan(build)),
        ("programs built against the SDK image", &|| {
            consumers::test(build, &build.build_sdk()?)
        }),
        ("SDK headers declare only what the libraries define", &|| {
            sdk_headers::test(&build.build_sdk()?, build.tools()?)
        }),
        ("rectangles equal upstream OpenCV's in random cases", &|| {
            suite.with_sdk(|fixture| haar::upstream(fixture, arguments.cases()))
        }),
        ("rectangles equal the Python wheel's", &|| {
            let photos = workspace.root().join("../shared/photos");
            suite.with_sdk(|fixture| haar::wheel(fixture, &photos))
        }),
        ("Haar detector under sanitizers", &|| {
            suite.with_sdk(|fixture| haar::sanitizers(fixture, arguments.cases()))
        }),
        ("YuNet faces equal the Python wheel's", &|| {
            let shared = workspace.root().join("../shared");
            let model = shared.join("models/face_detection_yunet_2023mar.onnx");
            suite.with_sdk(|fixture| yunet::wheel(fixture, &shared.join("photos"), &model, arguments.cases()))
        }),
        ("YuNet class, model files and cancellation", &|| {
            suite.with_sdk(yunet::usage)
        }),
        ("YuNet detector under sanitizers", &|| {
            suite.with_sdk(|fixture| yunet::sanitizers(fixture, arguments.cases()))
        }),
        ("pixels of JPEG files", &|| suite.with_sdk(jpeg::test)),
        ("pixels of PNG, WebP and other files", &|| suite.with_sdk(pixels::test)),
        ("package index with a password", &|| package_index::test(build)),
        ("compiler hardening", &|| hardening::test(build, &build.build_sdk()?)),
        ("builds with settings for other projects", &|| {
            suite.with_function(foreign_settings::test)
        }),
        ("SBOMs", &|| {
            suite.with_function(|_, sdk, function| sbom::test(build, sdk, function))
        }),
        ("known vulnerabilities", &|| {
            suite.with_function(known_vulnerabilities::test)
        }),
        ("cargo-deny rules", &|| deny::rules(workspace)),
        ("RustSec advisories", &|| deny::advisories(workspace)),
        ("newer releases of pinned downloads", &|| outdated_pins::test(workspace)),
        ("templates of deployments for SAM and Terraform", &|| {
            deploy_templates::test(workspace)
        }),
        ("photos without a container", &|| suite.photos(Engine::None)),
        ("photos in a container", &|| suite.photos(Engine::Docker)),
        ("events of every type", &|| {
            suite.with_function(|workspace, sdk, function| {
                // In a container if an engine is available, as on Lambda.
                let engine = Engine::choose(None, function.architecture())?;
                events::test(workspace, sdk, function, engine, arguments.bless)
            })
        }),
        ("large responses over HTTP", &|| {
            suite.with_function(large_responses::test)
        }),
        ("labelled faces", &|| suite.with_function(labelled_faces::test)),
        ("photos of every format", &|| suite.with_function(photo_formats::test)),
        ("hostile files", &|| {
            suite.with_function(|workspace, sdk, function| {
                hostile_files::test(workspace, sdk, function, (arguments.slow, arguments.seed))
            })
        }),
        ("photos from other tools", &|| {
            suite.with_function(third_party_photos::test)
        }),
        ("memory limits with worst-case files", &|| {
            suite
                .with_function(|workspace, sdk, function| memory_limits::test(workspace, sdk, function, arguments.slow))
        }),
        ("recovery after errors", &|| suite.with_function(error_recovery::test)),
        ("unreachable S3", &|| suite.with_function(s3_outage::test)),
        ("photos that exceed the deadline", &|| {
            suite.with_function(deadline::test)
        }),
        ("concurrent events", &|| suite.with_function(concurrent_events::test)),
        ("buckets that are not allowed", &|| {
            suite.with_function(bucket_permissions::test)
        }),
        ("every key that S3 allows", &|| suite.with_function(object_keys::test)),
        ("S3 with faults", &|| {
            suite.with_function(|workspace, sdk, function| {
                s3_faults::test(workspace, sdk, function, (arguments.slow, arguments.seed))
            })
        }),
        ("deployment to an account", &|| deploy::test(build, arguments.slow)),
        ("snapshot and restore", &|| {
            suite.with_function(|_, _, function| snapshot::test(function))
        }),
        ("function page in a browser", &|| suite.page()),
        ("size report in a browser", &|| suite.size_page()),
        ("size reports add up to the files", &sizes::test),
        ("quick benchmarks", &|| benches::test(build)),
        ("pages of the book", &book::pages),
    ];
    // Smaller versions of slow tests.
    let quick: &[Test] = &[
        ("small OpenCV with settings for other projects", &|| {
            foreign_settings::small_opencv(workspace)
        }),
        ("2,000 mixed events", &|| suite.with_function(soak::test)),
    ];
    run_all(built, arguments, output);
    thread::scope(|scope| {
        if !arguments.slow {
            run_all(tests, arguments, output);
            return run_all(quick, arguments, output);
        }
        let background = Cell::new(None::<BackgroundTest>);
        let slow: &[Test] = &[
            ("commands in the book", &|| book::commands(build)),
            ("templates of deployments for the CDK", &|| {
                deploy_templates::cdk(workspace)
            }),
            ("registries that fail for an SDK", &|| sdk_cache::failures(build)),
            ("functions from the other templates", &|| templates::others(build)),
            ("10,000 concurrent events", &|| suite.with_function(soak::concurrent)),
            ("libraries in another workspace", &|| library_user::test(build)),
            ("images killed while being written", &|| {
                suite.with_function(|workspace, sdk, function| {
                    killed_builds::test_packing(workspace, sdk, function, arguments.seed)
                })
            }),
            ("full disks", &|| suite.with_function(full_disk::test)),
            ("builds killed at fifty points", &|| {
                killed_builds::test(build, arguments.seed)
            }),
            ("settings for other projects and an unusual folder", &|| {
                background.take().map_or_else(unusual_folder, BackgroundTest::finish)
            }),
            ("fuzzing", &|| fuzz::test(build, &arguments.fuzz)),
        ];
        if arguments.only.is_none() {
            // Two builds that take many minutes, on processors that the other tests leave idle. If the fuzzers fail to
            // build, their test builds them again and reports why.
            background.set(Some(BackgroundTest::start(scope, || {
                let _ = fuzz::build(build);
                unusual_folder()
            })));
        }
        run_all(tests, arguments, output);
        run_all(slow, arguments, output);
    });
}

/// Runs the tests that `--only` selects.
fn run_all(tests: &[Test], arguments: &Arguments, output: &mut TestOutput) {
    let selected = |name: &str| {
        let only = arguments.only.as_ref();
        only.is_none_or(|only| name.contains(only.as_str()))
    };
    for (name, test) in tests.iter().filter(|(name, _)| selected(name)) {
        print_status(&format!("\n=== {name}"));
        let start = Instant::now();
        let result = test();
        output.add(name, result, start.elapsed());
    }
}
