//! `cargo xtask test`: runs every check of the project in order; each passes, fails, or is skipped with a reason.
//! A failure does not stop the run, so that one run reports them all.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use opencv_build::Architecture;
use package::build::{self, ArchitectureSelection, Build};

mod arguments;
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
mod test_runner;
mod third_party_photos;
mod tree_diff;
mod watch;

use arguments::Arguments;
use background::{lower_priority, run_concurrently};
use report::TestOutput;

fn main() -> ExitCode {
    package::program::TEST.main(run)
}

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
    run_concurrently(
        &mut output,
        |output| {
            if let Some(build) = native {
                native::run_builds(build, arguments, output);
            }
        },
        // Before all tests that need a function, because builds of functions wait for each other.
        |output| {
            if let Some(build) = foreign {
                emulated::run_builds(build, arguments, output);
            }
        },
    );
    run_concurrently(
        &mut output,
        |output| {
            if let Some(build) = native {
                native::run_artefacts(build, arguments, output);
            }
        },
        |output| {
            lower_priority();
            if let Some(build) = foreign {
                emulated::run(build, host, arguments, output);
            }
            if let Some(build) = native {
                native::run_compilations(build, arguments, output);
            }
        },
    );
    if let Some(build) = native.filter(|_| arguments.slow) {
        native::run_slow(build, arguments, &mut output);
    }
    ensure!(!output.is_empty(), "no test matches `--only`");
    output.print(json)
}
