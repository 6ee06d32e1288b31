//! `cargo xtask VERB`: the command line of the project. Each verb is a module with its arguments,
//! `run`, and an answer that is printed as text or, with `--json`, as one JSON object. stdout is
//! the answer; stderr is the story of how it came about.

mod answer;
mod audit;
mod bench;
mod build_function;
mod build_opencv;
mod eval;
mod git;
mod image;
mod lint;
mod local;
mod pack;
mod pack_to;
mod pull;
mod reference;
mod registry;
mod sbom;
mod size;
mod test;
mod test_local;
mod workspace;
mod zip;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::answer::print;

/// OpenCV on AWS Lambda: build it, put a function around it, and try it before you deploy.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    /// Print the answer as one JSON object
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Build the static OpenCV SDK that opencv.toml describes
    BuildOpencv(build_opencv::Arguments),

    /// Build the function against the SDK and check that it runs on Lambda
    BuildFunction(build_opencv::Arguments),

    /// Write the SDK and the function as container images, without a container engine
    Image(image::Arguments),

    /// Write the function as a zip archive for the runtime provided.al2023
    Zip(build_opencv::Arguments),

    /// Check whether Lambda would take an image or a zip archive
    Lint(lint::Arguments),

    /// Check what is shipped for known vulnerabilities
    Audit(audit::Arguments),

    /// Pull an image from a registry into a folder, without a container engine
    Pull(pull::Arguments),

    /// Try the function's image under AWS's emulator with real photos
    TestLocal(test_local::Arguments),

    /// Measure how well each preset finds faces in labelled photos
    Eval(eval::Arguments),

    /// Show how large everything is, and of what
    Size(size::Arguments),

    /// Measure what is claimed, against peers in the same run
    Bench(bench::Arguments),

    /// Run all tests: the real build, the images and the emulator included
    Test(test::Arguments),

    /// Pack what was built into a folder
    #[command(hide = true)]
    PackTo(pack_to::Arguments),

    /// Run one step of a build in a process of its own
    #[command(hide = true)]
    Drive {
        /// The step
        job: PathBuf,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.json;
    let done = match cli.verb {
        Verb::BuildOpencv(arguments) => build_opencv::run(&arguments).and_then(|a| print(&a, json)),
        Verb::BuildFunction(arguments) => {
            build_function::run(&arguments).and_then(|a| print(&a, json))
        }
        Verb::Image(arguments) => image::run(&arguments).and_then(|a| print(&a, json)),
        Verb::Zip(arguments) => zip::run(&arguments).and_then(|a| print(&a, json)),
        Verb::Lint(arguments) => lint::run(&arguments, json),
        Verb::Audit(arguments) => audit::run(&arguments, json),
        Verb::Pull(arguments) => pull::run(&arguments).and_then(|a| print(&a, json)),
        Verb::TestLocal(arguments) => test_local::run(&arguments, json),
        Verb::Eval(arguments) => eval::run(&arguments).and_then(|a| print(&a, json)),
        Verb::Size(arguments) => size::run(&arguments, json),
        Verb::Bench(arguments) => bench::run(&arguments, json),
        Verb::Test(arguments) => test::run(&arguments).and_then(|a| a.print(json)),
        Verb::PackTo(arguments) => pack_to::run(&arguments),
        Verb::Drive { job } => opencv_build::driver::perform(&job),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
