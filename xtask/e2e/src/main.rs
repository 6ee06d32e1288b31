//! `cargo xtask test`: runs every check of the project in order; each passes, fails, or is skipped with a reason.
//! A failure does not stop the run, so that one run reports them all.

use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use anyhow::{Result, ensure};
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
mod native;
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

use background::BackgroundTests;
use report::TestOutput;

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
    let host = &Build::read(&build::Arguments {
        arch: Architecture::host().map(ArchitectureSelection::One),
        ..build::Arguments::default()
    })?;
    programs::build(&host.workspace)?;
    let is_native = |build: &&Build| build.recipe.target.runs_on_host();
    let (native, foreign) = (
        builds.iter().find(is_native),
        builds.iter().find(|build| !is_native(build)),
    );
    let mut output = TestOutput::default();
    if let Some(build) = native {
        native::run_builds(build, arguments, &mut output);
    }
    thread::scope(|scope| {
        // On processors that the other tests leave idle.
        let background = BackgroundTests::start(scope, move |background| {
            if let Some(build) = foreign {
                emulated::run(build, host, arguments, background);
            }
            if let Some(build) = native {
                native::run_compilations(build, arguments, background);
            }
        });
        if let Some(build) = native {
            native::run_artefacts(build, arguments, &mut output);
        }
        background.finish(&mut output);
    });
    if let Some(build) = native.filter(|_| arguments.slow) {
        native::run_slow(build, arguments, &mut output);
    }
    ensure!(!output.is_empty(), "no test matches `--only`");
    output.print(json)
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
